/** Does a repository hold what is to be restored? Asked before anything is made. */
import type { RestoreOrder } from '@neuronha/core/contracts/restore.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import type { Pgbackrest, RepositoryContents } from '../backups/pgbackrest.ts'
import { ROOM } from '../backups/restore-cluster.ts'
import { lagBytes } from '../observe/lsn.ts'
import { bytes, count, list } from '../observe/words.ts'
import { observeMachine } from '../setup/observe-machine.ts'
import { assertReachable, type Window } from './parse-target.ts'

export interface WantedRestore extends Pick<RestoreOrder, 'repository' | 'target'> {
  readonly backup: string | undefined
}

export interface Restorable extends Pick<RepositoryContents, 'backups'> {
  readonly window: Window
}

/**
 * Before a hole in the archive one can restore too, to moments before it; whether the target lies there shows only when it
 * is replayed.
 *
 * @throws PlatformError BACKUP_FAILED when there is no backup, or not the one that was named; BAD_REQUEST with the nearest
 *   moment when the target lies outside of what is there.
 */
export async function assertCanRestore(
  pgbackrest: Pick<Pgbackrest, 'info' | 'newestWal'>,
  { repository, target, backup }: WantedRestore,
): Promise<Restorable> {
  const { backups } = await pgbackrest.info(repository)
  const oldest = backups[0]
  if (oldest === undefined)
    throw new PlatformError('BACKUP_FAILED', `${repository} holds no backup`, {
      hint: 'Does the cluster file have the name and the place that the cluster had?',
    })
  const labels = backups.map(({ label }) => label)
  if (backup !== undefined && !labels.includes(backup))
    throw new PlatformError('BACKUP_FAILED', `${repository} holds no backup ${backup}`, {
      hint: `It holds ${list(labels)}.`,
    })
  if (target.kind === 'name' && backup === undefined && backups.length > 1)
    throw new PlatformError(
      'BAD_REQUEST',
      `which backup the restore point ${target.name} comes after is not known`,
      { hint: `Name the newest one that was made before it, with --backup: ${list(labels)}.` },
    )
  if (target.kind === 'lsn' && lagBytes(target.lsn, oldest.stop_lsn) === 0)
    throw new PlatformError('BAD_REQUEST', `${target.lsn} lies before the oldest backup`, {
      hint: `The nearest position that can be restored is ${oldest.stop_lsn}.`,
    })
  const newest = await pgbackrest.newestWal(repository)
  const window = { from: oldest.ended_at, to: newest?.toISOString() ?? null }
  assertReachable(target, window)
  return { backups, window }
}

/** Every member gets a copy, and all of their volumes are on this machine. */
export const assertRoomForAll = (
  { database }: Pick<ClusterSpec, 'database'>,
  restorable: Restorable,
): Promise<void> => assertRoomFor(database.members, restorable)

/** @throws PlatformError NO_SPACE when so many copies do not fit. */
export async function assertRoomFor(copies: number, { backups }: Restorable): Promise<void> {
  const wanted = (backups.at(-1)?.database_bytes ?? 0) * ROOM * copies
  const { engineFolder, engineFolderFreeBytes: free } = await observeMachine()
  if (wanted <= free) return
  throw new PlatformError(
    'NO_SPACE',
    `${count(copies, 'copy', 'copies')} of the database ${copies === 1 ? 'takes' : 'take'} ${bytes(wanted)}, and ${bytes(free)} are free in ${engineFolder}`,
    {
      hint: `Make room${copies === 1 ? '' : ', or restore into a cluster of fewer members'}. Nothing was touched.`,
    },
  )
}

export const describeWindow = ({ backups, window: { from, to } }: Restorable): string =>
  `${count(backups.length, 'backup')}, any moment from ${from} to ${to ?? 'an unknown end'}`
