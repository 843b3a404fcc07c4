/**
 * Tables and schemas out of the backups, as they were at some moment, into a file that can be loaded beside what is there now.
 * The database is restored into a copy that nobody reaches; in it the objects are moved into schemas of their own, so that the
 * file cannot meet what it is loaded beside.
 *
 *   started ──▶ copying (one database alone) ──▶ replaying ──▶ moved ──▶ dumping ──▶ the copy removed ──▶ dumped
 *
 * Killed anywhere, it leaves a volume that its next run empties.
 */
import { stat } from 'node:fs/promises'
import type { RestoreObjectsConfig } from '@neuronha/core/config/processes.ts'
import type { RestoredObjects, RestoreObjectsReport } from '@neuronha/core/contracts/restore.ts'
import { leftOut, restoredTable } from '@neuronha/core/contracts/restore.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { z } from 'zod'
import { list } from '../observe/words.ts'
import { moveObjectsSql, missingObjectsSql, schemasOf, tablesSql } from './objects-sql.ts'
import type { Pgbackrest } from './pgbackrest.ts'
import { assertRoom, REACHED, timed, type RestorePlace } from './restore-cluster.ts'
import type { RestoredCopy } from './restored-copy.ts'

export interface RestoreObjectsDeps {
  readonly config: RestoreObjectsConfig
  readonly pgbackrest: Pick<Pgbackrest, 'info'>
  readonly copy: RestoredCopy
  readonly place: Pick<RestorePlace, 'freeBytes'>
  /** Where the dump goes, beside the copy. */
  readonly file: string
  readonly say: (report: RestoreObjectsReport) => void
}

const missing = z.array(z.string())
const tables = z.array(restoredTable)

export async function restoreObjects(deps: RestoreObjectsDeps): Promise<RestoredObjects> {
  const { config, copy, file, say } = deps
  const { repository, target, objects } = config
  const databaseBytes = await assertRoom(deps)
  say({ say: 'copying', percent: 0 })
  const [restoreMs, label] = await timed(() =>
    copy.restore({
      ...{ repository, target },
      backup: config.backup ?? undefined,
      // The others come back as empty files.
      options: [`--db-include=${objects.database}`],
      onPercent: (percent) => say({ say: 'copying', percent }),
    }),
  )
  say({ say: 'replaying', segment: null })
  try {
    const [replayMs] = await timed(() =>
      copy.start((segment) => say({ say: 'replaying', segment })),
    )
    const [timeline = '', lsn = '', time = ''] = (await copy.ask(REACHED, 'postgres')).split(' ')
    await assertThere(deps)
    say({ say: 'dumping' })
    const moved = leftOut.parse(
      JSON.parse(await copy.ask(moveObjectsSql(objects), objects.database)),
    )
    const found = tables.parse(JSON.parse(await copy.ask(tablesSql(objects), objects.database)))
    await copy.dump(
      objects.database,
      schemasOf(objects).map(({ into }) => into),
      file,
    )
    return {
      backup: label ?? config.backup,
      recovered_to: time === '' ? null : time,
      lsn,
      timeline: Number(timeline),
      database_bytes: databaseBytes,
      restore_ms: restoreMs,
      replay_ms: replayMs,
      tables: found,
      left_out: moved,
      dump_bytes: (await stat(file)).size,
    }
  } finally {
    await copy.remove()
  }
}

async function assertThere({ config: { objects }, copy }: RestoreObjectsDeps): Promise<void> {
  const answer = await copy.ask(missingObjectsSql(objects), objects.database)
  const absent = missing.parse(JSON.parse(answer))
  if (absent.length === 0) return
  throw new PlatformError(
    'BAD_REQUEST',
    `at that moment ${objects.database} had no ${list(absent)}`,
    {
      hint: 'Choose another moment, or look at the names: they are taken as they are written, in upper and lower case.',
    },
  )
}
