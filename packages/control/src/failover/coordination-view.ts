/** Everything in etcd that a failover decision looks at, read as of one revision. */
import {
  coordinationKeys,
  fenceRecord,
  leaderTerm,
  patroniKeys,
  type FenceRecord,
  type Hold,
  type LeaderTerm,
  type Maintenance,
} from '@neuronha/core/contracts/coordination.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import type { z } from 'zod'
import { parseHolds } from '../coordination/holds.ts'
import { parseMaintenance } from '../coordination/maintenance.ts'
import type { KeyValue, Kv } from '../etcd/kv.ts'
import { parseSnapshot, type DcsSnapshot } from './dcs-snapshot.ts'

export interface CoordinationView {
  readonly snapshot: DcsSnapshot
  readonly record: FenceRecord | null
  /** `0`: there is no record yet. */
  readonly recordModRevision: string
  /** The term that a controller, this one or the one before it, has written down. */
  readonly storedTerm: LeaderTerm | undefined
  readonly maintenance: Maintenance | null
  readonly isSwitchoverOpen: boolean
  readonly holds: ReadonlyMap<string, Hold>
}

const parsed = <T extends z.ZodType>(
  schema: T,
  kv: { readonly value: string } | undefined,
): z.infer<T> | undefined => {
  if (kv === undefined) return undefined
  try {
    return schema.parse(JSON.parse(kv.value))
  } catch {
    return undefined
  }
}

/** A fence that this code cannot read may be open, so nothing at all is decided beside it. */
function parseRecord(kv: KeyValue | undefined): FenceRecord | null {
  if (kv === undefined) return null
  const record = parsed(fenceRecord, kv)
  if (record !== undefined) return record
  throw new PlatformError('CONFLICT', `the fence record ${kv.key} cannot be read`, {
    hint: 'A newer controller wrote it, or something else did: run controllers of one version; if no fence is going on, delete the key.',
  })
}

export async function readCoordination(
  kv: Kv,
  cluster: string,
  now: () => number,
): Promise<CoordinationView> {
  const keys = coordinationKeys(cluster)
  const patroni = patroniKeys(cluster)
  const askedAt = now()
  const range = await kv.read([
    { prefix: patroni.prefix },
    { key: keys.fence },
    { key: keys.term },
    { key: keys.switchover },
    { key: keys.maintenance },
    { prefix: keys.holds },
  ])
  const at = new Map(range.kvs.map((found) => [found.key, found]))
  const maintenanceKey = at.get(keys.maintenance)
  return {
    snapshot: parseSnapshot(cluster, range, { askedAt, seenAt: now() }),
    record: parseRecord(at.get(keys.fence)),
    recordModRevision: at.get(keys.fence)?.modRevision ?? '0',
    storedTerm: parsed(leaderTerm, at.get(keys.term)),
    maintenance: maintenanceKey === undefined ? null : parseMaintenance(maintenanceKey.value),
    isSwitchoverOpen: at.has(keys.switchover),
    holds: parseHolds(cluster, range.kvs),
  }
}
