/**
 * A whole cluster's database, restored into the volume of the member that will lead it. Runs once, before that member ever
 * started.
 *
 *   started ──(the place has a database)────────────────────────────────────▶ done, already
 *   started ──▶ copying ──▶ replaying ──▶ logins ──▶ stopped ──▶ moved into place ──▶ done
 *
 * One whose data was set aside for a restore in place and is back goes on with it: nothing is copied, only a timeline is begun
 * that the archive has not seen, since its own next one may be there by now.
 *
 *   started ──▶ replaying ──▶ logins ──▶ stopped ──▶ done
 *
 * The last step of a restore is one rename: killed at any point before it, nothing is in the place from which the member starts, and the
 * next try begins anew; after it, there is nothing left to do. What the repository holds is only read, but that a cluster
 * which comes back archives the beginning of its new timeline.
 */
import { mkdir, open, readdir, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { RestoreConfig } from '@neuronha/core/config/processes.ts'
import type { RestoreReport, RestoreResult } from '@neuronha/core/contracts/restore.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { bytes } from '../observe/words.ts'
import type { Pgbackrest } from './pgbackrest.ts'
import type { RestoredCopy } from './restored-copy.ts'

export interface RestoreClusterDeps {
  readonly config: RestoreConfig
  readonly pgbackrest: Pick<Pgbackrest, 'info'>
  readonly copy: RestoredCopy
  readonly place: RestorePlace
  /** The SQL that gives Patroni its logins. */
  readonly loginsSql: string
  readonly say: (report: RestoreReport) => void
}

/** The volume. */
export interface RestorePlace {
  /** Is there a database where the member looks for one, and is it what this restore makes? */
  holds(config: RestoreConfig): Promise<'nothing' | 'this' | 'another'>
  freeBytes(): Promise<number>
  /** Makes the finished copy the member's database, in one step. */
  moveIn(config: RestoreConfig): Promise<void>
}

const ALREADY: RestoreResult = {
  already: true,
  backup: null,
  recovered_to: null,
  lsn: null,
  timeline: null,
  database_bytes: null,
  restore_ms: null,
  replay_ms: null,
}

/** WAL that is replayed, and what PostgreSQL makes of it, come on top of the files. */
export const ROOM = 1.1

export async function restoreCluster(deps: RestoreClusterDeps): Promise<RestoreResult> {
  const { config, copy, place, say } = deps
  if (config.resumes) return resume(deps)
  const held = await place.holds(config)
  if (held === 'this') return ALREADY
  if (held === 'another')
    throw new PlatformError(
      'REFUSED_FOR_SAFETY',
      'there is a database already, of another restore',
      {
        hint: 'Run the command as it was run before: it goes on. Nothing was touched.',
      },
    )
  const { repository, target } = config
  const database = await assertRoom(deps)
  say({ say: 'copying', percent: 0 })
  const [restoreMs, label] = await timed(() =>
    copy.restore({
      ...{ repository, target },
      backup: config.backup ?? undefined,
      onPercent: (percent) => say({ say: 'copying', percent }),
    }),
  )
  const replayed = await replay(deps)
  await place.moveIn(config)
  return {
    ...replayed,
    already: false,
    backup: label ?? config.backup,
    database_bytes: database,
    restore_ms: restoreMs,
  }
}

async function resume(deps: RestoreClusterDeps): Promise<RestoreResult> {
  const { copy, config, place } = deps
  if ((await place.holds(config)) === 'nothing')
    throw new PlatformError('BACKUP_FAILED', 'the data that is to go on is not there')
  await copy.resume(config.repository)
  return { ...ALREADY, ...(await replay(deps)), already: false }
}

/** There in every backup, also in one that was taken before the platform had its own. */
const DATABASE = 'postgres'

/** Up to the target, and down again: a checkpoint ends the shutdown, so all that the member is to find is on the disk. */
async function replay({
  config,
  copy,
  say,
  loginsSql,
}: RestoreClusterDeps): Promise<
  Pick<RestoreResult, 'recovered_to' | 'lsn' | 'timeline' | 'replay_ms'>
> {
  say({ say: 'replaying', segment: null })
  try {
    const [replayMs] = await timed(() =>
      copy.start((segment) => say({ say: 'replaying', segment })),
    )
    const [timeline = '', lsn = '', time = ''] = (await copy.ask(REACHED, DATABASE)).split(' ')
    await copy.completeHistories(config.repository, Number(timeline))
    await copy.ask(loginsSql, DATABASE)
    return {
      recovered_to: time === '' ? null : time,
      lsn,
      timeline: Number(timeline),
      replay_ms: replayMs,
    }
  } finally {
    await copy.stop()
  }
}

/** The last commit that was replayed stays known after recovery has ended. */
export const REACHED = `SELECT concat_ws(' ', timeline_id, pg_current_wal_lsn(),
  to_char(pg_last_xact_replay_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
  FROM pg_control_checkpoint()`

export async function timed<T>(act: () => Promise<T>): Promise<readonly [number, T]> {
  const from = performance.now()
  const result = await act()
  return [Math.round(performance.now() - from), result]
}

/** @returns Size of the database in the backup that it begins with, as far as that is known beforehand. */
export async function assertRoom({
  config,
  pgbackrest,
  place,
}: {
  readonly config: Pick<RestoreConfig, 'stanza' | 'repository' | 'backup'>
  readonly pgbackrest: Pick<Pgbackrest, 'info'>
  readonly place: Pick<RestorePlace, 'freeBytes'>
}): Promise<number> {
  const { backups } = await pgbackrest.info(config.repository)
  const chosen =
    config.backup === null ? backups.at(-1) : backups.find(({ label }) => label === config.backup)
  if (chosen === undefined)
    throw new PlatformError(
      'BACKUP_FAILED',
      config.backup === null
        ? `${config.repository} holds no backup of ${config.stanza}`
        : `${config.repository} holds no backup ${config.backup}`,
      { hint: '`./neuronha backup list` shows what there is.' },
    )
  const [wanted, free] = [chosen.database_bytes * ROOM, await place.freeBytes()]
  if (wanted <= free) return chosen.database_bytes
  throw new PlatformError(
    'NO_SPACE',
    `the database takes ${bytes(wanted)}, and ${bytes(free)} are free where it is to go`,
    { hint: 'Make room, and run the same command again.' },
  )
}

/** Which restore it was that the database beside it is of. */
const markerBeside = (data: string): string => join(dirname(data), 'restored.json')
const textOf = (config: RestoreConfig): string => JSON.stringify(config)

/** What cannot be read is not the same as nothing: nothing is written over. */
async function unlessAbsent<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/**
 * @param data Where the member looks for its database.
 * @param restoring Where the copy is until it is complete, on the same volume.
 */
export const createRestorePlace = (data: string, restoring: string): RestorePlace => ({
  holds: async (config) => {
    if (((await unlessAbsent(readdir(data))) ?? []).length === 0) return 'nothing'
    const marker = await unlessAbsent(readFile(markerBeside(data), 'utf8'))
    return marker === textOf(config) ? 'this' : 'another'
  },
  freeBytes: async () => {
    const { bavail, bsize } = await statfs(dirname(data))
    return bavail * bsize
  },
  moveIn: async (config) => {
    await mkdir(dirname(data), { recursive: true })
    await writeFile(markerBeside(data), textOf(config), { flush: true })
    // An empty folder at most: holds said so.
    await rm(data, { recursive: true, force: true })
    // What the old cluster's members agreed on says nothing to the new one's; Patroni would believe it.
    await rm(join(restoring, 'patroni.dynamic.json'), { force: true })
    await rename(restoring, data)
    const parent = await open(dirname(data))
    try {
      await parent.sync()
    } finally {
      await parent.close()
    }
  },
})
