/** Everything that decides whether a switchover may begin, read at once. */
import {
  coordinationKeys,
  maintenance,
  patroniKeys,
  type Maintenance,
} from '@neuronha/core/contracts/coordination.ts'
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { z } from 'zod'
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

const syncValue = z.object({
  leader: z.string().nullish(),
  sync_standby: z.string().nullish(),
  quorum: z.coerce.number().nullish(),
})
const fenceValue = z.object({ phase: z.string() })
const FENCE_IS_OVER: ReadonlySet<string> = new Set(['released', 'abandoned'])

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
  return FENCE_IS_OVER.has(parsed.data.phase) ? null : parsed.data.phase
}

const parseMaintenance = (found: KeyValue | undefined): Maintenance | null => {
  if (found === undefined) return null
  const parsed = maintenance.safeParse(parseJson(found.value))
  if (parsed.success) return parsed.data
  return { by: 'unknown', why: 'an unreadable record', since: new Date(0).toISOString() }
}

/** Patroni clears a request by making it an empty object. */
const parseRequest = (found: KeyValue | undefined): string | null =>
  found === undefined || found.value === '' || found.value === '{}' ? null : found.value

export async function readLeader(
  kv: Kv,
  cluster: string,
): Promise<{ leader: string | null; sync: SyncState }> {
  const keys = patroniKeys(cluster)
  const [leader, sync] = await Promise.all([kv.get(keys.leader), kv.get(keys.sync)])
  return { leader: leader?.value ?? null, sync: parseSync(sync) }
}

export async function observeSwitchover(deps: PlannedDeps): Promise<SwitchoverFacts> {
  const own = coordinationKeys(deps.cluster)
  const get = (key: string): Promise<KeyValue | undefined> => deps.kv.get(key)
  const [status, { leader, sync }, request, fence, running, held] = await Promise.all([
    deps.observe(),
    readLeader(deps.kv, deps.cluster),
    get(patroniKeys(deps.cluster).failover),
    get(own.fence),
    get(own.switchover),
    get(own.maintenance),
  ])
  const primary = status.members.find(({ role }) => role === 'primary')
  const revisionOf = (found: KeyValue | undefined): string => found?.modRevision ?? '0'
  return {
    status,
    leader,
    sync,
    patroniRequest: parseRequest(request),
    openFence: parseFence(fence),
    running: running === undefined ? null : parseRecord(running.value),
    maintenance: parseMaintenance(held),
    transactions:
      primary === undefined
        ? null
        : await deps.members.openTransactions(primary.name).catch(() => null),
    revisions: {
      [own.fence]: revisionOf(fence),
      [own.maintenance]: revisionOf(held),
    },
  }
}
