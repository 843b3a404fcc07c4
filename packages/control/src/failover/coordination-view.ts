/** Everything in etcd that a failover decision looks at, read as of one revision. */
import {
  coordinationKeys,
  fenceRecord,
  leaderTerm,
  maintenance,
  patroniKeys,
  type FenceRecord,
  type Hold,
  type LeaderTerm,
  type Maintenance,
} from '@neuronha/core/contracts/coordination.ts'
import type { z } from 'zod'
import { parseHolds } from '../coordination/holds.ts'
import type { Kv } from '../etcd/kv.ts'
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
    record: parsed(fenceRecord, at.get(keys.fence)) ?? null,
    recordModRevision: at.get(keys.fence)?.modRevision ?? '0',
    storedTerm: parsed(leaderTerm, at.get(keys.term)),
    // a key that cannot be read still means that somebody wants peace
    maintenance:
      maintenanceKey === undefined
        ? null
        : (parsed(maintenance, maintenanceKey) ?? {
            by: 'unknown',
            why: maintenanceKey.value,
            since: new Date(0).toISOString(),
          }),
    isSwitchoverOpen: at.has(keys.switchover),
    holds: parseHolds(cluster, range.kvs),
  }
}
