/**
 * What changes slowly, as a member's database has it: how full the disk below its data is (by the foreign table that
 * database-rights.ts makes), and how the newest drill ended.
 */
import { lastDrill } from '@neuronha/core/contracts/cluster-status.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import type { DirectClient } from '@neuronha/runtime/postgres/direct-client.ts'
import type { DiskAnswer, SlowFacts } from './raw-observation.ts'

/** bigint arrives as text. */
export interface DiskRow {
  readonly block_bytes: string
  readonly blocks: string
  readonly free_blocks: string
  readonly available_blocks: string
}

const DISK = 'SELECT block_bytes, blocks, free_blocks, available_blocks FROM neuronha.disk'

const LAST_DRILL = `
SELECT drill,
       coalesce(result->>'variant', '') AS variant,
       result->>'verdict' AS verdict,
       (result->>'rtoMs')::float8 AS rto_ms,
       to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS started_at
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

/** Asked seldom, so the connection is not kept: a session at each member would cost more than its handshake. */
export async function observeSlowFacts(
  client: DirectClient,
  deadlineMs: number,
): Promise<SlowFacts> {
  try {
    const [disk] = await client.query<DiskRow & Record<string, string>>(DISK, deadlineMs)
    if (disk === undefined) throw new PlatformError('UPSTREAM_FAILED', 'answered without a row')
    // A drill that cannot be read, or that code of another version wrote, must not hide that the disk fills.
    const [drill] = await client.query(LAST_DRILL, deadlineMs).catch(() => [])
    return { disk: diskOf(disk), lastDrill: lastDrill.safeParse(drill).data ?? null }
  } finally {
    await client.close()
  }
}
