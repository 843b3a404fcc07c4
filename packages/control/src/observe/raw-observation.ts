/**
 * What the parts of a cluster said about themselves in one look, before anybody judged it. Every answer is
 * either the part's words or the reason why there are none; `assessCluster` turns the whole into a ClusterStatus.
 */
import type { ObserveConfig } from '@neuronha/core/config/processes.ts'
import type { LastDrill } from '@neuronha/core/contracts/cluster-status.ts'
import type { ClusterRecords } from '../coordination/cluster-records.ts'

export type Answer<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string }

export const answered = <T>(value: T): Answer<T> => ({ ok: true, value })
export const silent = <T>(why: string): Answer<T> => ({ ok: false, why })
/** The words of an answer, or undefined when there was none. */
export const valueOf = <T>(answer: Answer<T>): T | undefined =>
  answer.ok ? answer.value : undefined

/** A member's own PostgreSQL, asked directly. */
export interface PostgresAnswer {
  readonly inRecovery: boolean
  /** Primary: last written; standby: last replayed. */
  readonly lsn: string
  readonly timeline: number | null
  /** Standby: age of the newest replayed commit while something waits to be replayed, else 0; null on a primary. */
  readonly lagMs: number | null
  /** Standby: age of the newest replayed commit, whether or not anything is known to wait. */
  readonly replayedCommitAgeMs: number | null
  readonly receiverStreaming: boolean
  readonly synchronousStandbyNames: string
  /** Primary: application_name → sync_state of every receiver. */
  readonly syncStates: Readonly<Record<string, string>>
  /** Sessions that wait for a standby's acknowledgement for over two seconds. */
  readonly syncWaits: number
  readonly connections: number
  readonly version: string
}

/** The disk below a member's data. */
export interface DiskAnswer {
  readonly sizeBytes: number
  readonly availableBytes: number
  /** As df has it: what the superuser keeps back counts as used. */
  readonly usedRatio: number
}

/** How far a primary's WAL is archived. */
export interface ArchiveAnswer {
  readonly lastWal: string | null
  readonly lastAt: string | null
  /** Closed segments that are not archived. */
  readonly waiting: number
  /** Since the oldest that waits was closed; while none waits, since the newest was archived. null: nothing to archive yet. */
  readonly lagMs: number | null
  /** The segment that fails now. */
  readonly failedWal: string | null
}

/** What a member is asked seldom. */
export interface SlowFacts {
  readonly disk: DiskAnswer
  /** null: a standby, which archives nothing. */
  readonly archive: ArchiveAnswer | null
  /** The newest that it knows of; null: none, or none that this code can read. */
  readonly lastDrill: LastDrill | null
}

/** A member's own Patroni, GET /patroni. */
export interface PatroniAnswer {
  readonly state: string
  readonly role: string
  readonly timeline: number | null
  readonly replicationState: string | null
  readonly syncStandby: boolean
  readonly pendingRestart: boolean
  readonly paused: boolean
  readonly failsafeActive: boolean
  readonly serverVersion: number | null
}

export interface MemberObservation {
  readonly name: string
  readonly host: string
  readonly address: string
  readonly postgres: Answer<PostgresAnswer>
  readonly patroni: Answer<PatroniAnswer>
  readonly slowFacts: Answer<SlowFacts>
}

/** What `patronictl list` would print: GET /cluster of any member. */
export interface PatroniView {
  readonly paused: boolean
  readonly members: readonly {
    readonly name: string
    readonly host: string | null
    readonly role: string
    readonly state: string
    readonly timeline: number | null
    readonly lagBytes: number | null
    readonly pendingRestart: boolean
  }[]
}

export interface EtcdAnswer {
  /** True when the member could read through a quorum. */
  readonly healthy: boolean
  readonly reason: string
  readonly isLeader: boolean
  readonly version: string | null
  readonly dbBytes: number | null
  readonly alarms: readonly string[]
}

export interface ProxyServer {
  readonly name: string
  readonly up: boolean
  /** Used only when no other server of its section is up. */
  readonly backup: boolean
}

/** HAProxy's own statistics, a proxy (backend or listen section) at a time. */
export interface ProxyStatistics {
  readonly proxies: Readonly<Record<string, readonly ProxyServer[]>>
  /** Current sessions and all requests since the start, summed over frontends. */
  readonly sessions: number
  readonly requests: number
}

export interface PoolerDatabase {
  readonly name: string
  readonly clients: number
  readonly waiting: number
  readonly servers: number
  readonly maxWaitMs: number
  readonly paused: boolean
}

export interface EdgeAnswer {
  readonly connections: number | null
  readonly requests: number | null
}

export interface ServiceAnswer {
  readonly healthy: boolean
  readonly draining: boolean
  readonly detail: string
}

export interface ControllerAnswer {
  readonly active: boolean
}

export interface Observed<T> {
  readonly name: string
  readonly answer: Answer<T>
}

export interface RawObservation {
  readonly config: Pick<
    ObserveConfig,
    'patroniScope' | 'synchronous' | 'maxReadLag' | 'repositories' | 'rpoMs'
  >
  readonly observedAt: Date
  readonly observer: string
  readonly patroniView: Answer<PatroniView>
  readonly members: readonly MemberObservation[]
  readonly etcd: readonly Observed<EtcdAnswer>[]
  readonly routers: readonly Observed<ProxyStatistics>[]
  readonly poolers: readonly Observed<readonly PoolerDatabase[]>[]
  readonly edges: readonly (Observed<EdgeAnswer> & { readonly kind: 'nginx' | 'haproxy' })[]
  readonly services: readonly (Observed<ServiceAnswer> & {
    readonly component: ObserveConfig['services'][number]['component']
  })[]
  readonly controllers: readonly Observed<ControllerAnswer>[]
  readonly engineProxies: readonly (Observed<true> & { readonly host: string })[]
  readonly prometheus: readonly Observed<true>[]
  /** As etcd said when it last answered. */
  readonly records: ClusterRecords
  readonly stores: readonly Observed<true>[]
  readonly alertmanagers: readonly Observed<true>[]
}
