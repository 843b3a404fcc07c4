/**
 * A restore in place of the data that is there: how far it is, and that the old data is kept. In the state folder, until the old
 * data is dropped or back.
 */
import { rm } from 'node:fs/promises'
import { restoreTarget } from '@neuronha/core/contracts/restore.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { parseRecord } from '@neuronha/runtime/parse-record.ts'
import { z } from 'zod'
import { readTextIfThere, writeAtomically, type StateFolder } from '../state/state-folder.ts'

export const inPlaceRecord = z.object({
  phase: z.enum([
    /** Members are being stopped, and their data moved aside: some have it here, some there. */
    'setting-aside',
    /** All of it is aside; the order of the restore is written. */
    'restoring',
    /** The restored data serves; the old one is kept beside it. */
    'kept',
    /** The old data is being dropped: what is half gone cannot be put back. */
    'dropping',
    /** The old data is being put back. */
    'putting-back',
    /** It is back; the order to go on with it is written. */
    'resuming',
  ]),
  /** Who led, with all that was acknowledged: stopped last. */
  primary: z.string(),
  target: restoreTarget,
  since: z.iso.datetime(),
  /** user@machine. */
  by: z.string(),
})
export type InPlaceRecord = z.infer<typeof inPlaceRecord>

/** @throws PlatformError CONFIG_INVALID when there is one that cannot be read: nobody may start a member then. */
export async function loadInPlace({
  inPlaceFile,
}: StateFolder): Promise<InPlaceRecord | undefined> {
  const text = await readTextIfThere(inPlaceFile)
  if (text === undefined) return undefined
  const record = parseRecord(inPlaceRecord, text)
  if (record !== undefined) return record
  throw new PlatformError('CONFIG_INVALID', `${inPlaceFile} cannot be read`, {
    hint: 'It says how far a restore in place is. What is in the members’ volumes says it too: data, before-restore.',
  })
}

export const saveInPlace = ({ inPlaceFile }: StateFolder, record: InPlaceRecord): Promise<void> =>
  writeAtomically(inPlaceFile, `${JSON.stringify(record, null, 2)}\n`, 0o600)

export const forgetInPlace = ({ inPlaceFile }: StateFolder): Promise<void> =>
  rm(inPlaceFile, { force: true })

/**
 * Members whose data is neither here nor there must not be started.
 *
 * @throws PlatformError REFUSED_FOR_SAFETY in the middle of a restore in place, with the ways out.
 */
export async function assertDataIsInPlace(state: StateFolder): Promise<void> {
  const record = await loadInPlace(state)
  if (record?.phase !== 'setting-aside' && record?.phase !== 'putting-back') return
  const wasUndone = record.phase === 'putting-back'
  throw new PlatformError(
    'REFUSED_FOR_SAFETY',
    wasUndone
      ? `putting back the data of ${state.cluster} was interrupted`
      : `a restore in place of ${state.cluster} was interrupted`,
    {
      hint: wasUndone
        ? 'Run `./neuronha restore --undo` again: it goes on.'
        : 'Run the same `./neuronha restore … --in-place` again: it goes on. `./neuronha restore --undo` puts the old data back.',
    },
  )
}
