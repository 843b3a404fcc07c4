/** What a run leaves in the cluster and on the machine, and how it is taken away again. */
import { rm } from 'node:fs/promises'
import type { LedgerLine } from '@neuronha/core/config/loadgen.ts'
import { runStep } from '../setup/progress.ts'
import { deleteLeftovers } from './drill-database.ts'
import type { DrillDeps } from './drill-deps.ts'
import { clearFinaliser, heal, loadFinaliser } from './finaliser.ts'
import type { RunningLoad } from './loadgen-container.ts'
import { waitForPrimary } from './wait-for-primary.ts'

export interface OwnRun {
  readonly deps: DrillDeps
  readonly run: string
  readonly drillsDir: string
  readonly workDir: string
}

/** The agent's sessions that a run made. */
export const sessionsOf = (lines: readonly LedgerLine[]): readonly string[] =>
  lines.flatMap((line) => (line.event === 'start' ? line.sessions : []))

/** Ends and deletes everything that the run made; heals the fault if the engine has not. */
export async function cleanUp(own: OwnRun, load: RunningLoad | undefined): Promise<void> {
  const { deps, drillsDir } = own
  const record = await loadFinaliser(drillsDir)
  const sessions = sessionsOf(load?.ledger.lines ?? [])
  await heal(record?.heal ?? [])
  await load?.remove()
  await deleteLeftovers(await waitForPrimary(deps.observe), own.run, sessions)
  await finish(own.workDir, drillsDir)
}

/** A drill that was killed left its load generator, its rows and perhaps its fault behind. */
export async function mendInterrupted(deps: DrillDeps, drillsDir: string): Promise<void> {
  const left = await loadFinaliser(drillsDir)
  if (left === undefined) return
  await runStep(deps.progress, `mending what ${left.drill} of ${left.startedAt} left`, async () => {
    await heal(left.heal)
    await deleteLeftovers(await waitForPrimary(deps.observe), left.run, left.sessions)
    await finish(left.workDir, drillsDir)
  })
}

async function finish(workDir: string, drillsDir: string): Promise<void> {
  await rm(workDir, { recursive: true, force: true })
  await clearFinaliser(drillsDir)
}
