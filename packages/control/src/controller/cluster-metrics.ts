/**
 * The cluster as Prometheus series: one row of the table per metric. Only the active controller shows them,
 * so that sums over controllers are right; what a controller says of itself, both show.
 */
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import type { Metrics } from '@neuronha/runtime/metrics.ts'
import { BACKUP_METRICS } from './backup-metrics.ts'
import { flag, whole, type ClusterMetric, type Sample } from './cluster-metric.ts'

type Member = ClusterStatus['members'][number]
const ofMembers =
  (value: (member: Member) => number | null): ClusterMetric['samples'] =>
  ({ members }) =>
    members.map((member) => ({ labels: { member: member.name }, value: value(member) }))

type PoolerDatabase = ClusterStatus['poolers'][number]['databases'][number]
const ofPoolerDatabases =
  (value: (database: PoolerDatabase) => number): ClusterMetric['samples'] =>
  ({ poolers }) =>
    poolers.flatMap(({ name, databases }) =>
      databases.map((database) => ({
        labels: { pooler: name, database: database.name },
        value: value(database),
      })),
    )

const ROLES: readonly Member['role'][] = ['primary', 'sync standby', 'standby', 'unknown']
const HEALTHS: readonly ClusterStatus['health'][] = ['healthy', 'degraded', 'down']
const POOLER_LABELS = ['pooler', 'database'] as const

const upOf = (
  component: string,
  parts: readonly { readonly name: string; readonly healthy: boolean }[],
): readonly Sample[] =>
  parts.map(({ name, healthy }) => ({ labels: { component, part: name }, value: flag(healthy) }))

const CLUSTER_METRICS: readonly ClusterMetric[] = [
  {
    name: 'cluster_health',
    help: '1 for the health that the cluster has now: healthy, degraded or down.',
    labels: ['health'],
    samples: ({ health }) =>
      HEALTHS.map((name) => ({ labels: { health: name }, value: flag(name === health) })),
  },
  {
    name: 'cluster_reasons',
    help: 'How many things are wrong with the cluster.',
    labels: [],
    samples: ({ reasons }) => whole(reasons.length),
  },
  {
    name: 'primary_present',
    help: '1 when exactly one member is primary and answers.',
    labels: [],
    samples: ({ members }) => {
      const primaries = members.filter(({ role }) => role === 'primary')
      return whole(flag(primaries.length === 1 && primaries[0]?.state !== 'unreachable'))
    },
  },
  {
    name: 'primary_writable',
    help: '1 when exactly one member is primary, and its PostgreSQL answers out of recovery.',
    labels: [],
    samples: ({ members, commits }) =>
      whole(
        flag(commits !== null && members.filter(({ role }) => role === 'primary').length === 1),
      ),
  },
  {
    name: 'commit_standbys_needed',
    help: 'Standbys that must acknowledge a commit.',
    labels: [],
    samples: ({ commits }) => whole(commits?.standbys_needed ?? null),
  },
  {
    name: 'commit_standbys_connected',
    help: 'Standbys connected to the primary whose acknowledgement counts.',
    labels: [],
    samples: ({ commits }) => whole(commits?.standbys_connected ?? null),
  },
  {
    name: 'commits_waiting',
    help: 'Commits that have waited over two seconds for a standby.',
    labels: [],
    samples: ({ commits }) => whole(commits?.waiting ?? null),
  },
  {
    name: 'sync_names_wildcard',
    help: '1 while synchronous_standby_names is *: any receiver satisfies a commit.',
    labels: [],
    samples: ({ synchronous_standby_names: names }) =>
      whole(names === null ? null : flag(names.trim() === '*')),
  },
  {
    name: 'sync_standbys',
    help: 'Standbys whose acknowledgement a commit may wait for, and which answer.',
    labels: [],
    samples: ({ members }) =>
      whole(
        members.filter(({ role, state }) => role === 'sync standby' && state !== 'unreachable')
          .length,
      ),
  },
  {
    name: 'failsafe_active',
    help: '1 while Patroni works without etcd, in failsafe.',
    labels: [],
    samples: ({ failsafe_active }) => whole(flag(failsafe_active)),
  },
  {
    name: 'patroni_paused',
    help: '1 while Patroni is paused and nothing fails over.',
    labels: [],
    samples: ({ patroni_paused }) => whole(flag(patroni_paused)),
  },
  {
    name: 'maintenance',
    help: '1 while maintenance is on and the controllers repair nothing.',
    labels: [],
    samples: ({ maintenance }) => whole(flag(maintenance !== null)),
  },
  {
    name: 'maintenance_since_seconds',
    help: 'When maintenance was switched on, seconds since 1970; no sample while it is off.',
    labels: [],
    samples: ({ maintenance }) =>
      whole(maintenance === null ? null : Date.parse(maintenance.since) / 1000),
  },
  {
    name: 'member_up',
    help: '1 when the member answers.',
    labels: ['member'],
    samples: ofMembers(({ state }) => flag(state !== 'unreachable')),
  },
  {
    name: 'member_streaming',
    help: '1 when the standby streams from the primary; the primary has no sample.',
    labels: ['member'],
    samples: ofMembers(({ role, state }) =>
      role === 'primary' ? null : flag(state === 'streaming'),
    ),
  },
  {
    name: 'member_disk_size_bytes',
    help: 'Size of the disk below the member’s data.',
    labels: ['member'],
    samples: ofMembers(({ disk }) => disk?.size_bytes ?? null),
  },
  {
    name: 'member_disk_available_bytes',
    help: 'What the member may still use of the disk below its data.',
    labels: ['member'],
    samples: ofMembers(({ disk }) => disk?.available_bytes ?? null),
  },
  {
    name: 'member_disk_used_ratio',
    help: 'Used part of the disk below the member’s data, as df has it.',
    labels: ['member'],
    samples: ofMembers(({ disk }) => disk?.used_ratio ?? null),
  },
  {
    name: 'member_role',
    help: '1 for the role that the member has now.',
    labels: ['member', 'role'],
    samples: ({ members }) =>
      members.flatMap(({ name, role }) =>
        ROLES.map((each) => ({ labels: { member: name, role: each }, value: flag(each === role) })),
      ),
  },
  {
    name: 'member_timeline',
    help: 'PostgreSQL timeline of the member.',
    labels: ['member'],
    samples: ofMembers(({ timeline }) => timeline),
  },
  {
    name: 'member_lag_bytes',
    help: 'Bytes of WAL that the standby has not replayed yet.',
    labels: ['member'],
    samples: ofMembers(({ lag_bytes }) => lag_bytes),
  },
  {
    name: 'member_lag_milliseconds',
    help: 'Age of the newest commit that the standby has replayed, 0 when nothing waits.',
    labels: ['member'],
    samples: ofMembers(({ lag_ms }) => lag_ms),
  },
  {
    name: 'member_connections',
    help: 'Client connections of the member.',
    labels: ['member'],
    samples: ofMembers(({ connections }) => connections),
  },
  {
    name: 'member_pending_restart',
    help: '1 when a changed setting waits for a restart of the member.',
    labels: ['member'],
    samples: ofMembers(({ pending_restart }) => flag(pending_restart)),
  },
  {
    name: 'part_healthy',
    help: '1 when the part of the cluster serves, whatever kind it is of.',
    labels: ['component', 'part'],
    samples: (status) => [
      ...upOf('etcd', status.etcd),
      ...upOf('router', status.routers),
      ...upOf('pooler', status.poolers),
      ...upOf('edge', status.edges),
      ...status.services.flatMap((service) => upOf(service.component, [service])),
      ...upOf('engine-proxy', status.engine_proxies),
      ...upOf('controller', status.controllers),
      ...upOf('prometheus', status.prometheus),
      ...upOf('alertmanager', status.alertmanagers),
      ...upOf('store', status.backups.stores),
    ],
  },
  {
    name: 'etcd_leader',
    help: '1 for the etcd member that leads.',
    labels: ['etcd'],
    samples: ({ etcd }) =>
      etcd.map(({ name, leader }) => ({ labels: { etcd: name }, value: flag(leader) })),
  },
  {
    name: 'etcd_database_bytes',
    help: 'Size of the etcd member’s database.',
    labels: ['etcd'],
    samples: ({ etcd }) =>
      etcd.map(({ name, db_bytes }) => ({ labels: { etcd: name }, value: db_bytes })),
  },
  {
    name: 'pooler_clients',
    help: 'Clients of the pooler, those that wait included.',
    labels: POOLER_LABELS,
    samples: ofPoolerDatabases(({ clients }) => clients),
  },
  {
    name: 'pooler_clients_waiting',
    help: 'Clients of the pooler that wait for a server connection.',
    labels: POOLER_LABELS,
    samples: ofPoolerDatabases(({ waiting }) => waiting),
  },
  {
    name: 'pooler_servers',
    help: 'Server connections of the pooler.',
    labels: POOLER_LABELS,
    samples: ofPoolerDatabases(({ servers }) => servers),
  },
  {
    name: 'pooler_max_wait_milliseconds',
    help: 'How long the longest waiting client of the pooler has waited.',
    labels: POOLER_LABELS,
    samples: ofPoolerDatabases(({ max_wait_ms }) => max_wait_ms),
  },
  {
    name: 'pooler_paused',
    help: '1 while the pooler holds the clients of the database.',
    labels: POOLER_LABELS,
    samples: ofPoolerDatabases(({ paused }) => flag(paused)),
  },
  ...BACKUP_METRICS,
  {
    name: 'edge_connections',
    help: 'Open client connections of the edge.',
    labels: ['edge'],
    samples: ({ edges }) =>
      edges.map(({ name, connections }) => ({ labels: { edge: name }, value: connections })),
  },
  {
    name: 'edge_requests',
    help: 'Requests that the edge has served since it started.',
    labels: ['edge'],
    samples: ({ edges }) =>
      edges.map(({ name, requests_total }) => ({ labels: { edge: name }, value: requests_total })),
  },
  {
    name: 'router_sessions',
    help: 'Open sessions of the router.',
    labels: ['router'],
    samples: ({ routers }) =>
      routers.map(({ name, sessions }) => ({ labels: { router: name }, value: sessions })),
  },
]

export interface ControllerMetricsSources {
  readonly isActive: () => boolean
  readonly latest: () => { readonly status: ClusterStatus; readonly durationMs: number } | undefined
  readonly ageMs: () => number | null
}

/** Adds every series to the controller's registry; values are read at each scrape. */
export function addClusterMetrics(metrics: Metrics, sources: ControllerMetricsSources): void {
  for (const { name, help, labels, samples } of CLUSTER_METRICS)
    metrics.gauge(name, help, labels, (gauge) => {
      gauge.reset()
      // A series without labels would go on as 0, which for some means that all is lost.
      if (labels.length === 0) gauge.remove({})
      const status = sources.isActive() ? sources.latest()?.status : undefined
      if (status === undefined) return
      for (const sample of samples(status))
        if (sample.value !== null) gauge.set(sample.labels, sample.value)
    })
  metrics.gauge('controller_active', '1 while this controller is the active one.', [], (gauge) =>
    gauge.set(flag(sources.isActive())),
  )
  metrics.gauge('observation_age_seconds', 'Age of the last look at the cluster.', [], (gauge) => {
    const ageMs = sources.ageMs()
    if (ageMs !== null) gauge.set(ageMs / 1000)
  })
  metrics.gauge('observation_duration_seconds', 'How long the last look took.', [], (gauge) => {
    const latest = sources.latest()
    if (latest !== undefined) gauge.set(latest.durationMs / 1000)
  })
}
