/** The order of a restore that has not ended, in the state folder of the cluster that is to get the data. */
import { rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { restoreOrder, type RestoreOrder } from '@neuronha/core/contracts/restore.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { targetWords } from '../backups/restore-arguments.ts'
import type { Progress } from '../setup/progress.ts'
import { parseRecord } from '@neuronha/runtime/parse-record.ts'
import { readTextIfThere, writeAtomically, type StateFolder } from '../state/state-folder.ts'

/**
 * @throws PlatformError CONFIG_INVALID when there is one that cannot be read: it is not the same as none, since the
 *   cluster would begin with an empty database.
 */
export async function loadRestoreOrder({
  restoreFile,
}: StateFolder): Promise<RestoreOrder | undefined> {
  const text = await readTextIfThere(restoreFile)
  if (text === undefined) return undefined
  const order = parseRecord(restoreOrder, text)
  if (order !== undefined) return order
  throw new PlatformError('CONFIG_INVALID', `${restoreFile} cannot be read`, {
    hint: 'It says what is to be restored before this cluster starts. Once that is done another way, remove it.',
  })
}

export const saveRestoreOrder = (
  { restoreFile }: StateFolder,
  order: RestoreOrder,
): Promise<void> => writeAtomically(restoreFile, `${JSON.stringify(order, null, 2)}\n`, 0o600)

/**
 * Goes on with the order that is there, with what is wanted now: another moment, after one that could not be reached. What was
 * completed meanwhile is not done again differently; the process in the container refuses that.
 */
export async function reviseOrder(
  { progress }: { readonly progress: Pick<Progress, 'say'> },
  state: StateFolder,
  wanted: Pick<RestoreOrder, 'repository' | 'target' | 'backup'>,
): Promise<void> {
  const order = await loadRestoreOrder(state)
  if (order === undefined) return
  const revised: RestoreOrder = { ...order, ...wanted }
  if (JSON.stringify(revised) === JSON.stringify(order)) {
    progress.say('Going on with the restore that was interrupted.')
    return
  }
  progress.say(`Instead of what was ordered before: ${targetWords(wanted.target)}.`)
  await saveRestoreOrder(state, revised)
}

/** The restore has ended, or was given up. */
export async function forgetRestoreOrder({ restoreFile, restoreDir }: StateFolder): Promise<void> {
  await rm(restoreDir, { recursive: true, force: true })
  await rm(restoreFile, { force: true })
}

/**
 * Nothing was ordered: what was written to look into the repository goes, its keys among it, and the state folder too if that was
 * all.
 */
export async function forgetPreparation(state: StateFolder): Promise<void> {
  await rm(state.restoreDir, { recursive: true, force: true })
  try {
    await rmdir(state.root)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // A cluster's own folder stays.
    if (code !== 'ENOTEMPTY' && code !== 'ENOENT') throw error
  }
}

/** The folder that the process of a restore sees, within `restoreDir`. */
export const RESTORE_FOLDER = 'config'
export const restoreFolderOf = ({ restoreDir }: StateFolder): string =>
  join(restoreDir, RESTORE_FOLDER)
