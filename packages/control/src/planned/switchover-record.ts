/**
 * The one switchover that is going on, in etcd: made in a transaction, on a lease that this process keeps alive, so that
 * there are never two and a killed one is forgotten within seconds.
 */
import { coordinationKeys } from '@neuronha/core/contracts/coordination.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { z } from 'zod'
import { hangOnLease } from '../coordination/kept-lease.ts'
import type { Kv } from '../etcd/kv.ts'

const switchoverRecord = z.object({
  by: z.string(),
  from: z.string(),
  to: z.string(),
  since: z.iso.datetime(),
})
export type SwitchoverRecord = z.infer<typeof switchoverRecord>

/** A record that this code cannot read is somebody's all the same. */
export const parseRecord = (value: string): SwitchoverRecord => {
  try {
    return switchoverRecord.parse(JSON.parse(value))
  } catch {
    return { by: 'unknown', from: 'unknown', to: 'unknown', since: new Date(0).toISOString() }
  }
}

/**
 * Announces the switchover, provided that nothing in `revisions` changed since it was read.
 *
 * @throws PlatformError CONFLICT when somebody was faster.
 */
export async function announceSwitchover(
  kv: Kv,
  cluster: string,
  record: SwitchoverRecord,
  revisions: Readonly<Record<string, string>>,
): Promise<{ withdraw(): Promise<void> }> {
  const key = coordinationKeys(cluster).switchover
  const unchanged = Object.entries(revisions).map(([name, revision]) =>
    revision === '0' ? { key: name, createRevision: '0' } : { key: name, modRevision: revision },
  )
  const kept = await hangOnLease(kv, async (lease) => {
    const { succeeded } = await kv.transaction(
      [{ key, createRevision: '0' }, ...unchanged],
      [{ put: key, value: JSON.stringify(record), lease }],
    )
    if (succeeded) return
    throw new PlatformError(
      'CONFLICT',
      'somebody began a switchover, a fence or maintenance at the same moment; nothing was touched',
      { hint: 'Look at `./neuronha status`, then try again.' },
    )
  })
  return { withdraw: () => kept.release() }
}
