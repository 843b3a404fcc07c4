/** Maintenance mode in etcd: who holds the controllers back, since when and why. */
import {
  coordinationKeys,
  maintenance,
  type Maintenance,
} from '@neuronha/core/contracts/coordination.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import type { Kv } from '../etcd/kv.ts'

/** A value that this code cannot read means maintenance all the same, to be safe. */
export const parseMaintenance = (value: string): Maintenance => {
  try {
    return maintenance.parse(JSON.parse(value))
  } catch {
    return { by: 'unknown', why: 'an unreadable entry', since: new Date(0).toISOString() }
  }
}

/** Null: maintenance is off. */
export async function readMaintenance(
  kv: Pick<Kv, 'get'>,
  cluster: string,
): Promise<Maintenance | null> {
  const found = await kv.get(coordinationKeys(cluster).maintenance)
  return found === undefined ? null : parseMaintenance(found.value)
}

export interface MaintenanceChange<After extends Maintenance | null = Maintenance | null> {
  readonly before: Maintenance | null
  readonly after: After
}

/** Another command may change it at the same moment; whoever comes second decides from what the first one left. */
const TRIES = 5

/**
 * Sets what `decide` makes of what there is; null ends maintenance.
 *
 * @throws PlatformError CONFLICT when others keep changing it.
 */
export async function changeMaintenance<After extends Maintenance | null>(
  kv: Pick<Kv, 'get' | 'transaction'>,
  cluster: string,
  decide: (before: Maintenance | null) => After,
): Promise<MaintenanceChange<After>> {
  const key = coordinationKeys(cluster).maintenance
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    const found = await kv.get(key)
    const before = found === undefined ? null : parseMaintenance(found.value)
    const after = decide(before)
    const { succeeded } = await kv.transaction(
      [
        found === undefined
          ? { key, createRevision: '0' }
          : { key, modRevision: found.modRevision },
      ],
      [after === null ? { delete: key } : { put: key, value: JSON.stringify(after) }],
    )
    if (succeeded) return { before, after }
    // Our own first try may have been it: its answer was lost, and the client sent it again.
    const now = await readMaintenance(kv, cluster)
    if (JSON.stringify(now) === JSON.stringify(after)) return { before, after }
  }
  throw new PlatformError('CONFLICT', 'maintenance is being changed by somebody else', {
    hint: '`./neuronha maintenance show` says by whom.',
  })
}

/** `on, since 20:14 UTC (2026-11-23) by ana@host-1: new disks`. */
export const describeMaintenance = ({ by, why, since }: Maintenance): string =>
  `on since ${since.slice(0, 10)} ${since.slice(11, 16)} UTC by ${by}: ${why}`
