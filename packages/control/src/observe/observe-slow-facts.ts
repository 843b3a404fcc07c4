/**
 * What changes slowly, as a member's database has it: how full the disk below its data is (by the foreign table that
 * database-rights.ts makes), how far a primary's WAL is archived, and how the newest drill ended.
 */
import { lastDrill } from '@neuronha/core/contracts/cluster-status.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import type { DirectClient } from '@neuronha/runtime/postgres/direct-client.ts'
import type { ArchiveAnswer, DiskAnswer, SlowFacts } from './raw-observation.ts'

/** bigint arrives as text. */
export interface DiskRow {
  readonly block_bytes: string
  readonly blocks: string
  readonly free_blocks: string
  readonly available_blocks: string
}

const utc = (column: string): string =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

const DISK = 'SELECT block_bytes, blocks, free_blocks, available_blocks FROM neuronha.disk'

/** `.ready` marks a closed segment that archive_command has not taken yet. A failure counts until something is archived. */
const ARCHIVE = `
WITH waiting AS (
  SELECT count(*)::int AS segments, min(modification) AS since
    FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready')
SELECT last_archived_wal AS last_wal,
       ${utc('last_archived_time')} AS last_at,
       waiting.segments AS waiting,
       extract(epoch FROM clock_timestamp() - coalesce(waiting.since, last_archived_time))::float8 * 1000 AS lag_ms,
       CASE WHEN last_failed_time > coalesce(last_archived_time, '-infinity') THEN last_failed_wal END AS failed_wal
  FROM pg_stat_archiver, waiting
 WHERE NOT pg_is_in_recovery()`

interface ArchiveRow {
  readonly last_wal: string | null
  readonly last_at: string | null
  readonly waiting: number
  readonly lag_ms: number | null
  readonly failed_wal: string | null
}

const LAST_DRILL = `
SELECT drill,
       coalesce(result->>'variant', '') AS variant,
       result->>'verdict' AS verdict,
       (result->>'rtoMs')::float8 AS rto_ms,
       ${utc('started_at')} AS started_at
  FROM neuronha.drills
 WHERE result->>'verdict' <> 'refused'
 ORDER BY started_at DESC
 LIMIT 1`

export function diskOf(row: DiskRow): DiskAnswer {
  const block = Number(row.block_bytes)
  const used = Number(row.blocks) - Number(row.free_blocks)
  const available = Number(row.available_blocks)
  return {
    sizeBytes: Number(row.blocks) * block,
    availableBytes: available * block,
    usedRatio: used + available === 0 ? 0 : used / (used + available),
  }
}

const archiveOf = (row: ArchiveRow): ArchiveAnswer => ({
  lastWal: row.last_wal,
  lastAt: row.last_at,
  waiting: row.waiting,
  lagMs: row.lag_ms === null ? null : Math.round(row.lag_ms),
  failedWal: row.failed_wal,
})

/** Asked seldom, so the connection is not kept: a session at each member would cost more than its handshake. */
export async function observeSlowFacts(
  client: DirectClient,
  deadlineMs: number,
): Promise<SlowFacts> {
  try {
    const [disk] = await client.query<DiskRow & Record<string, string>>(DISK, deadlineMs)
    if (disk === undefined) throw new PlatformError('UPSTREAM_FAILED', 'answered without a row')
    // What else cannot be read, or code of another version wrote, must not hide that the disk fills.
    const [drill] = await client.query(LAST_DRILL, deadlineMs).catch(() => [])
    const [archive] = await client.query<ArchiveRow>(ARCHIVE, deadlineMs).catch(() => [])
    return {
      disk: diskOf(disk),
      archive: archive === undefined ? null : archiveOf(archive),
      lastDrill: lastDrill.safeParse(drill).data ?? null,
    }
  } finally {
    await client.close()
  }
}
