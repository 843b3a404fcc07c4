/** The records of a command's drills: files of the cluster's state folder; results also go into the database. */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import type { Progress } from '../setup/progress.ts'
import { readTextIfThere, writeAtomically, type StateFolder } from '../state/state-folder.ts'
import type { DrillDatabase } from './drill-database.ts'
import type { DrillRecords } from './drill-records.ts'
import { parseFinaliser, type Finaliser } from './finaliser.ts'
import { isDestroyed } from './recover-destroyed.ts'
import { saveResult } from './save-result.ts'

const fileOf = (drillsDir: string): string => join(drillsDir, 'unfinished.json')

/**
 * What an interrupted drill left to mend.
 *
 * @throws PlatformError INTERNAL when it cannot be read.
 */
export const loadUnfinished = async (drillsDir: string): Promise<Finaliser | undefined> => {
  const text = await readTextIfThere(fileOf(drillsDir))
  if (text === undefined) return undefined
  const record = parseFinaliser(text)
  if (record !== undefined) return record
  throw new PlatformError('INTERNAL', `${fileOf(drillsDir)} is not readable`, {
    hint: 'It tells what an interrupted drill left to mend. Check `docker ps -a`, then delete it.',
  })
}

export const createFolderRecords = (
  drillsDir: string,
  {
    database,
    progress,
  }: { readonly database: Pick<DrillDatabase, 'keepResult'>; readonly progress: Progress },
): DrillRecords => ({
  loadUnfinished: () => loadUnfinished(drillsDir),
  saveUnfinished: (record) =>
    writeAtomically(fileOf(drillsDir), `${JSON.stringify(record, null, 2)}\n`, 0o600),
  clearUnfinished: () => rm(fileOf(drillsDir), { force: true }),
  keepResult: async (startedAt, result) => {
    const kept = await saveResult(drillsDir, startedAt, result)
    // The file is the record; the console and the controllers' metrics see what is in the database.
    await database.keepResult(kept).catch((thrown: unknown) => {
      progress.say(`! the result is not in the database: ${toPlatformError(thrown).message}`)
    })
    return kept
  },
})

/**
 * @throws PlatformError REFUSED_FOR_SAFETY when a drill destroyed the cluster and did not get to bring it back: to start it would
 *   make an empty one, whose backups take the place of those that it is to come back from.
 */
export async function assertNotDestroyed(state: StateFolder): Promise<void> {
  if ((await readTextIfThere(state.clusterFile)) !== undefined) return
  if ((await readTextIfThere(state.restoreFile)) !== undefined) return
  const left = await loadUnfinished(state.drillsDir)
  const step = left?.heal.find(({ kind }) => kind === 'recover')
  if (step?.kind === 'recover') throw isDestroyed(step)
}

/** The private folder of a run; and, of one that destroys the cluster, what it comes back from. */
export const runFolderOf = (drillsDir: string, run: string): string =>
  join(drillsDir, `.run-${run}`)
export const kitFolderOf = (drillsDir: string, run: string): string =>
  join(drillsDir, `.kit-${run}`)
const OF_A_RUN = /^\.(?:run|kit)-/

/** Nobody will mend that any more, whatever the record says: the cluster is removed, with its volumes. */
export async function forgetUnfinished({ drillsDir }: StateFolder): Promise<void> {
  const names = await readdir(drillsDir).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  })
  for (const name of names.filter((candidate) => OF_A_RUN.test(candidate)))
    await rm(join(drillsDir, name), { recursive: true, force: true })
  await rm(fileOf(drillsDir), { force: true })
}
