/** What a run leaves in the cluster and on the machine, and how it is taken away again. */
import { rm } from 'node:fs/promises'
import type { LedgerLine } from '@neuronha/core/config/loadgen.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { runStep } from '../setup/progress.ts'
import type { DrillDeps } from './drill-deps.ts'
import type { HealBook } from './finaliser.ts'
import { heal } from './heal.ts'
import type { RunningLoad } from './load-host.ts'
import { waitForPrimary } from './wait-for-primary.ts'

export interface OwnRun {
  readonly deps: DrillDeps
  readonly run: string
  readonly workDir: string
  readonly book: HealBook
}

/** The agent's sessions that a run made. */
export const sessionsOf = (lines: readonly LedgerLine[]): readonly string[] =>
  lines.flatMap((line) => (line.event === 'start' ? line.sessions : []))

/** Ends and deletes everything that the run made; heals what the engine and the controllers have not. */
export async function cleanUp(own: OwnRun, load: RunningLoad | undefined): Promise<void> {
  const { deps, book } = own
  const sessions = sessionsOf(load?.ledger.lines ?? [])
  await load?.remove()
  assertHealed(await heal(book.steps, deps))
  await waitForPrimary(deps.observe)
  await deps.database.deleteLeftovers(own.run, sessions)
  await finish(deps, own.workDir)
}

/**
 * A drill that was killed left its load generator, its rows and perhaps its fault behind. Returns its name, or
 * undefined when there was nothing to mend.
 */
export async function mendInterrupted(deps: DrillDeps): Promise<string | undefined> {
  const left = await deps.records.loadUnfinished()
  if (left === undefined) return undefined
  await runStep(deps.progress, `mending what ${left.drill} of ${left.startedAt} left`, async () => {
    assertHealed(await heal(left.heal, deps))
    await waitForPrimary(deps.observe)
    await deps.database.deleteLeftovers(left.run, left.sessions)
    await finish(deps, left.workDir)
  })
  return left.drill
}

/** The record stays, so that the same can be tried again. */
function assertHealed(problems: readonly string[]): void {
  if (problems.length === 0) return
  throw new PlatformError('ENGINE_FAILED', `not everything was mended: ${problems.join('; ')}`, {
    hint: '`./neuronha drill heal` tries the rest again.',
  })
}

async function finish({ records }: DrillDeps, workDir: string): Promise<void> {
  await rm(workDir, { recursive: true, force: true })
  await records.clearUnfinished()
}
