/** How full the disk below a member's data is, by the foreign table that database-rights.ts makes. */
import { PlatformError } from '@neuronha/core/errors.ts'
import type { DirectClient } from '@neuronha/runtime/postgres/direct-client.ts'
import type { DiskAnswer } from './raw-observation.ts'

/** bigint arrives as text. */
export interface DiskRow {
  readonly block_bytes: string
  readonly blocks: string
  readonly free_blocks: string
  readonly available_blocks: string
}

const DISK = 'SELECT block_bytes, blocks, free_blocks, available_blocks FROM neuronha.disk'

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
export async function observeDisk(client: DirectClient, deadlineMs: number): Promise<DiskAnswer> {
  try {
    const [row] = await client.query<DiskRow & Record<string, string>>(DISK, deadlineMs)
    if (row === undefined) throw new PlatformError('UPSTREAM_FAILED', 'answered without a row')
    return diskOf(row)
  } finally {
    await client.close()
  }
}
