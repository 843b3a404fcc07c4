/**
 * What is left to mend if the drill itself is killed: written before the fault, removed after the
 * clean-up, and carried out by whoever starts the next drill.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PlatformError } from '@neuronha/core/errors.ts'
import { run } from '@neuronha/runtime/exec.ts'
import { z } from 'zod'
import { readTextIfThere, writeAtomically } from '../state/state-folder.ts'

const healStep = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('start'), container: z.string() }),
  z.object({ kind: z.literal('unpause'), container: z.string() }),
  z.object({ kind: z.literal('remove'), container: z.string() }),
])
export type HealStep = z.infer<typeof healStep>

const finaliser = z.object({
  drill: z.string(),
  run: z.string(),
  startedAt: z.string(),
  heal: z.array(healStep),
  /** The run's private folder: configuration with secrets, and the ledger. */
  workDir: z.string(),
  sessions: z.array(z.string()),
})
export type Finaliser = z.infer<typeof finaliser>

const fileOf = (drillsDir: string): string => join(drillsDir, 'unfinished.json')

export const saveFinaliser = (drillsDir: string, record: Finaliser): Promise<void> =>
  writeAtomically(fileOf(drillsDir), `${JSON.stringify(record, null, 2)}\n`, 0o600)

export const clearFinaliser = (drillsDir: string): Promise<void> =>
  rm(fileOf(drillsDir), { force: true })

/** The record of a drill that did not get to its end, if there is one. */
export async function loadFinaliser(drillsDir: string): Promise<Finaliser | undefined> {
  const text = await readTextIfThere(fileOf(drillsDir))
  if (text === undefined) return undefined
  const parsed = finaliser.safeParse(JSON.parse(text))
  if (parsed.success) return parsed.data
  throw new PlatformError('INTERNAL', `${fileOf(drillsDir)} is not readable`, {
    hint: 'It tells what an interrupted drill left to mend. Check `docker ps -a`, then delete it.',
    details: { issues: parsed.error.issues },
  })
}

/** Carries out every step; one that has nothing left to do is no failure. */
export async function heal(steps: readonly HealStep[]): Promise<void> {
  for (const step of steps) await run('docker', commandOf(step))
}

function commandOf({ kind, container }: HealStep): readonly string[] {
  return kind === 'remove' ? ['rm', '--force', container] : [kind, container]
}
