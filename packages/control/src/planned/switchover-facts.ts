/** Everything that decides whether a switchover may begin, read at once. */
import {
  coordinationKeys,
  fencePhase,
  isFenceOpen,
  patroniKeys,
  type Maintenance,
} from '@neuronha/core/contracts/coordination.ts'
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { z } from 'zod'
import { parseMaintenance } from '../coordination/maintenance.ts'
import type { KeyValue, Kv } from '../etcd/kv.ts'
import type { OpenTransaction, PlannedDeps } from './ports.ts'
import { parseRecord, type SwitchoverRecord } from './switchover-record.ts'

/** Patroni's /sync: who may be promoted without losing an acknowledged commit. */
export interface SyncState {
  readonly leader: string | null
  readonly voters: readonly string[]
  /** How many of them, beside the one that asks, must agree to a promotion. */
  readonly quorum: number
}

export interface SwitchoverFacts {
  readonly status: ClusterStatus
  /** Name in /leader. */
  readonly leader: string | null
  readonly sync: SyncState
  /** Patroni's /failover: a request that it has not carried out. */
  readonly patroniRequest: string | null
  /** Phase of a fence that is not over. */
  readonly openFence: string | null
  readonly running: SwitchoverRecord | null
  readonly maintenance: Maintenance | null
  /** On the primary; null: it did not answer. */
  readonly transactions: readonly OpenTransaction[] | null
  /** Modification revisions of what must not have changed when the switchover begins; `0`: absent. */
  readonly revisions: Readonly<Record<string, string>>
}

/** Nobody is held yet. */
const LOOK_DEADLINE_MS = 5000

const syncValue = z.object({
  leader: z.string().nullish(),
  sync_standby: z.string().nullish(),
  quorum: z.coerce.number().nullish(),
})
const fenceValue = z.object({ phase: fencePhase })

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export const parseSync = (found: KeyValue | undefined): SyncState => {
  const parsed = syncValue.safeParse(parseJson(found?.value ?? ''))
  if (!parsed.success) return { leader: null, voters: [], quorum: 0 }
  const { leader, sync_standby, quorum } = parsed.data
  const voters = (sync_standby ?? '').split(',').filter((name) => name !== '')
  return { leader: leader ?? null, voters, quorum: quorum ?? 0 }
}

/** A fence that this code cannot read counts as open. */
const parseFence = (found: KeyValue | undefined): string | null => {
  if (found === undefined) return null
  const parsed = fenceValue.safeParse(parseJson(found.value))
  if (!parsed.success) return 'unreadable'
  return isFenceOpen(parsed.data) ? parsed.data.phase : null
}

/** Patroni clears a request by making it an empty object. */
const parseRequest = (found: KeyValue | undefined): string | null =>
  found === undefined || found.value === '' || found.value === '{}' ? null : found.value

/** Who holds Patroni's lock, and whose list of synchronous standbys there is, as of one moment. */
export async function readLeader(
  kv: Kv,
  cluster: string,
): Promise<{ readonly leader: string | null; readonly sync: SyncState }> {
  const keys = patroniKeys(cluster)
  const { kvs } = await kv.read([{ key: keys.leader }, { key: keys.sync }])
  const at = new Map(kvs.map((found) => [found.key, found]))
  return { leader: at.get(keys.leader)?.value ?? null, sync: parseSync(at.get(keys.sync)) }
}

export async function observeSwitchover(deps: PlannedDeps): Promise<SwitchoverFacts> {
  const own = coordinationKeys(deps.cluster)
  const patroni = patroniKeys(deps.cluster)
  const wanted = [
    ...[patroni.leader, patroni.sync, patroni.failover],
    ...[own.fence, own.switchover, own.maintenance],
  ]
  const [status, { kvs }] = await Promise.all([
    deps.observe(),
    deps.kv.read(wanted.map((key) => ({ key }))),
  ])
  const at = new Map(kvs.map((found) => [found.key, found]))
  const running = at.get(own.switchover)
  const held = at.get(own.maintenance)
  const primary = status.members.find(({ role }) => role === 'primary')
  const revisionOf = (key: string): string => at.get(key)?.modRevision ?? '0'
  return {
    status,
    leader: at.get(patroni.leader)?.value ?? null,
    sync: parseSync(at.get(patroni.sync)),
    patroniRequest: parseRequest(at.get(patroni.failover)),
    openFence: parseFence(at.get(own.fence)),
    running: running === undefined ? null : parseRecord(running.value),
    maintenance: held === undefined ? null : parseMaintenance(held.value),
    transactions:
      primary === undefined
        ? null
        : await deps.members.openTransactions(primary.name, LOOK_DEADLINE_MS).catch(() => null),
    revisions: {
      [own.fence]: revisionOf(own.fence),
      [own.maintenance]: revisionOf(own.maintenance),
    },
  }
}
