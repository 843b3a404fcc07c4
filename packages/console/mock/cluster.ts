/** The topologies that the scenarios show, as functions of time. */
import { backupsStatus } from '@neuronha/core/contracts/backups.ts'
import {
  clusterStatus,
  type ClusterStatus,
  type MemberStatus,
} from '@neuronha/core/contracts/cluster-status.ts'

const CLUSTER = 'neurondb'
const LSN_START = 0x1_5a00_0000
const WAL_PER_MS = 310

const names = (component: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${CLUSTER}-${component}-${index + 1}`)

const lsnText = (position: number): string =>
  `${Math.floor(position / 2 ** 32).toString(16)}/${Math.floor(position % 2 ** 32).toString(16)}`.toUpperCase()

/** Deterministic noise in [0, 1). */
const noise = (seed: number): number => {
  const value = Math.sin(seed * 12.9898) * 43758.5453
  return value - Math.floor(value)
}

interface MemberOptions {
  readonly index: number
  readonly primary: number | null
  readonly syncStandby: number
  readonly timeline: number
  readonly nowMs: number
  readonly startMs: number
}

const roleOf = ({ index, primary, syncStandby }: MemberOptions): MemberStatus['role'] => {
  if (index === primary) return 'primary'
  return index === syncStandby ? 'sync standby' : 'standby'
}

const memberOf = (options: MemberOptions): MemberStatus => {
  const { index, timeline, nowMs, startMs, primary } = options
  const role = roleOf(options)
  const isPrimary = role === 'primary'
  const lagBytes =
    primary === null ? 0 : Math.round(noise(Math.floor(nowMs / 1000) + index) ** 3 * 90_000)
  const position = LSN_START + (nowMs - startMs) * WAL_PER_MS - (isPrimary ? 0 : lagBytes)
  return {
    name: `${CLUSTER}-member-${index}`,
    host: 'local',
    address: `10.77.0.${20 + index}`,
    role,
    state: isPrimary ? 'running' : primary === null ? 'running' : 'streaming',
    timeline,
    lsn: lsnText(position),
    lag_bytes: isPrimary ? null : lagBytes,
    lag_ms: isPrimary ? null : Math.round(lagBytes / 600),
    pending_restart: false,
    version: '17.12',
    connections: isPrimary ? 38 + Math.round(noise(nowMs / 1000) * 9) : 6 + index,
    disk: { size_bytes: 100e9, available_bytes: 59e9, used_ratio: 0.41 },
  }
}

interface ClusterOptions {
  readonly nowMs: number
  readonly startMs: number
  readonly primary: number | null
  readonly timeline?: number
  readonly syncStandby?: number
}

const WELL = { healthy: true, detail: '' } as const

const poolerOf = (name: string, hasPrimary: boolean): ClusterStatus['poolers'][number] => ({
  name,
  ...WELL,
  databases: [
    {
      name: 'neurondb',
      clients: 42,
      waiting: hasPrimary ? 0 : 17,
      servers: hasPrimary ? 11 : 0,
      max_wait_ms: hasPrimary ? 0 : 1840,
      paused: false,
    },
    { name: 'neurondb_ro', clients: 28, waiting: 0, servers: 9, max_wait_ms: 0, paused: false },
    { name: 'neurondb_sql', clients: 1, waiting: 0, servers: 1, max_wait_ms: 0, paused: false },
  ],
})

/** A whole, healthy cluster (or one without a primary). */
export const aCluster = (options: ClusterOptions): ClusterStatus => {
  const { nowMs, startMs, primary, timeline = 4, syncStandby = 2 } = options
  const members = [1, 2, 3, 4].map((index) =>
    memberOf({ index, primary, syncStandby, timeline, nowMs, startMs }),
  )
  const standbys = members.filter((member) => member.role !== 'primary').map(({ name }) => name)
  const hasPrimary = primary !== null
  return {
    cluster: CLUSTER,
    observed_at: new Date(nowMs).toISOString(),
    observer: `${CLUSTER}-controller-1`,
    health: hasPrimary ? 'healthy' : 'down',
    reasons: hasPrimary ? [] : ['No member is primary.'],
    synchronous: true,
    synchronous_standby_names: `ANY 1 (${standbys.map((name) => `"${name}"`).join(',')})`,
    commits: hasPrimary
      ? { standbys_needed: 1, standbys_connected: standbys.length, waiting: 0 }
      : null,
    failsafe_active: false,
    patroni_paused: false,
    members,
    etcd: names('etcd', 3).map((name, index) => ({
      name,
      ...WELL,
      leader: index === 1,
      db_bytes: 1_220_608,
    })),
    routers: names('router', 2).map((name) => ({
      name,
      ...WELL,
      write_to: hasPrimary ? `${CLUSTER}-member-${primary}` : null,
      read_from: standbys,
      sessions: 31,
    })),
    poolers: names('pooler', 2).map((name) => poolerOf(name, hasPrimary)),
    edges: names('edge', 1).map((name) => ({
      name,
      ...WELL,
      kind: 'nginx' as const,
      connections: 24,
      requests_total: 184_223 + Math.floor((nowMs - startMs) / 20),
    })),
    services: (
      [
        ['console', 2],
        ['desktop-api', 3],
        ['agent', 3],
        ['mcp', 2],
      ] as const
    ).flatMap(([component, count]) =>
      names(component, count).map((name) => ({ name, ...WELL, component, draining: false })),
    ),
    controllers: names('controller', 2).map((name, index) => ({
      name,
      ...WELL,
      active: index === 0,
    })),
    engine_proxies: names('engine-proxy', 1).map((name) => ({ name, ...WELL, host: 'local' })),
    prometheus: names('prometheus', 1).map((name) => ({ name, ...WELL })),
    alertmanagers: names('alertmanager', 1).map((name) => ({ name, ...WELL })),
    backups: backupsStatus.parse({ configured: true }),
    last_drill: null,
    maintenance: null,
  }
}

const changeMember = (
  status: ClusterStatus,
  index: number,
  change: Partial<MemberStatus>,
): ClusterStatus => ({
  ...status,
  members: status.members.map((member) =>
    member.name === `${CLUSTER}-member-${index}` ? { ...member, ...change } : member,
  ),
})

const DEAD: Partial<MemberStatus> = {
  role: 'unknown',
  state: 'unreachable',
  timeline: null,
  lsn: null,
  lag_bytes: null,
  lag_ms: null,
  version: null,
  connections: null,
}

const CYCLE_MS = 30_000

/** Dies at 8 s, no primary until 12 s, the old primary away until 20 s; then the next round. */
const failover = (nowMs: number, startMs: number): ClusterStatus => {
  const round = Math.floor((nowMs - startMs) / CYCLE_MS)
  const atMs = (nowMs - startMs) % CYCLE_MS
  const old = (round % 2) + 1
  const next = ((round + 1) % 2) + 1
  const timeline = 4 + round
  const before = { nowMs, startMs, primary: old, syncStandby: next, timeline }
  const after = { ...before, primary: next, syncStandby: 3, timeline: timeline + 1 }
  if (atMs < 8_000) return aCluster(before)
  if (atMs < 12_000) {
    const status = aCluster({ ...before, primary: null })
    const reasons = [`${CLUSTER}-member-${old} does not answer.`, 'No member is primary.']
    return { ...changeMember(status, old, DEAD), reasons }
  }
  if (atMs < 20_000) {
    const reasons = [`${CLUSTER}-member-${old} does not answer.`]
    return { ...changeMember(aCluster(after), old, DEAD), health: 'degraded', reasons }
  }
  return aCluster(after)
}

const degraded = (nowMs: number, startMs: number): ClusterStatus => {
  const whole = aCluster({ nowMs, startMs, primary: 1 })
  const lagging = changeMember(whole, 3, {
    state: 'in archive recovery',
    lag_bytes: 268_435_456,
    lag_ms: 94_000,
    pending_restart: true,
  })
  const [first, ...rest] = lagging.poolers
  return {
    ...lagging,
    health: 'degraded',
    reasons: [
      `${CLUSTER}-member-3 is 256 MB behind and does not stream.`,
      `${CLUSTER}-agent-2 does not answer its health check: connect ECONNREFUSED 10.77.0.62:8080`,
      `${CLUSTER}-pooler-1 is paused.`,
    ],
    services: lagging.services.map((service) => {
      if (service.name === `${CLUSTER}-agent-2`)
        return { ...service, healthy: false, detail: 'connect ECONNREFUSED 10.77.0.62:8080' }
      return service.name === `${CLUSTER}-mcp-1` ? { ...service, draining: true } : service
    }),
    poolers:
      first === undefined
        ? []
        : [
            {
              ...first,
              databases: first.databases.map((database) => ({
                ...database,
                paused: database.name === 'neurondb',
              })),
            },
            ...rest,
          ],
  }
}

const MAINTENANCE = {
  by: 'ana@host-1',
  why: 'new disks in the second rack, one host after the other',
  since: '2026-11-23T19:40:00.000Z',
}

export const SCENARIOS = [
  'healthy',
  'failover',
  'no-primary',
  'degraded',
  'maintenance',
  'old-data',
  'silent',
  'broken',
  'flaky',
] as const
export type Scenario = (typeof SCENARIOS)[number]

/** What the scenario's controller has seen last. `sinceMs` is when the scenario was chosen. */
export const statusOf = (scenario: Scenario, nowMs: number, sinceMs: number): ClusterStatus => {
  const startMs = sinceMs - 60_000
  // A controller observes once a second.
  const observedMs = Math.floor(nowMs / 1000) * 1000
  const status = (() => {
    switch (scenario) {
      case 'failover':
        return failover(observedMs, sinceMs)
      case 'no-primary':
        return changeMember(aCluster({ nowMs: observedMs, startMs, primary: null }), 1, DEAD)
      case 'degraded':
        return degraded(observedMs, startMs)
      case 'maintenance':
        return { ...aCluster({ nowMs: observedMs, startMs, primary: 1 }), maintenance: MAINTENANCE }
      case 'old-data':
        return aCluster({ nowMs: sinceMs, startMs, primary: 1 })
      default:
        return aCluster({ nowMs: observedMs, startMs, primary: 1 })
    }
  })()
  return clusterStatus.parse(status)
}
