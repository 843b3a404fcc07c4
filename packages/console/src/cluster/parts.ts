/**
 * Every container of the topology as one uniform part: a tone (colour and icon), a word, a fact. Pure;
 * the graph, the stacked view, the details and the palette all draw these.
 */
import type { ClusterStatus, MemberStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { formatBytes, formatCount, formatMs, plural } from '../ui/format.ts'

export type Tone = 'good' | 'warn' | 'bad' | 'unknown'

export const GROUPS = [
  'edge',
  'console',
  'desktop-api',
  'agent',
  'mcp',
  'pooler',
  'router',
  'member',
  'etcd',
  'controller',
  'engine-proxy',
  'prometheus',
  'alertmanager',
] as const
export type GroupName = (typeof GROUPS)[number]

/** A named value in a part's details. */
export interface Fact {
  readonly label: string
  readonly value: string
}

export interface Part {
  readonly name: string
  /** Without the cluster's name in front. */
  readonly shortName: string
  readonly group: GroupName
  readonly tone: Tone
  /** Says in a word what the tone says in colour. */
  readonly word: string
  /** The one fact to show beside the name; may be empty. */
  readonly note: string
  readonly detail: string
  readonly facts: readonly Fact[]
}

export const GROUP_TITLES: Readonly<Record<GroupName, string>> = {
  edge: 'Edge',
  console: 'Console',
  'desktop-api': 'Desktop API',
  agent: 'Agent',
  mcp: 'MCP',
  pooler: 'Poolers',
  router: 'Routers',
  member: 'Members',
  etcd: 'etcd',
  controller: 'Controllers',
  'engine-proxy': 'Engine proxies',
  prometheus: 'Prometheus',
  alertmanager: 'Alertmanager',
}

const STREAMING_STATES = new Set(['running', 'streaming'])
const DEAD_STATES = new Set(['stopped', 'crashed', 'unreachable', 'start failed', 'stop failed'])

export const memberTone = ({ state, role }: MemberStatus): Tone => {
  if (STREAMING_STATES.has(state)) return role === 'unknown' ? 'unknown' : 'good'
  return DEAD_STATES.has(state) ? 'bad' : 'warn'
}

export const shortNameOf = (cluster: string, name: string): string =>
  name.startsWith(`${cluster}-`) ? name.slice(cluster.length + 1) : name

interface Observed {
  readonly name: string
  readonly healthy: boolean
  readonly detail: string
}

interface Extra {
  readonly word?: string
  readonly tone?: Tone
  readonly note?: string
  readonly facts?: readonly Fact[]
}

const partOf = (
  cluster: string,
  group: GroupName,
  observed: Observed,
  extra: Extra = {},
): Part => ({
  name: observed.name,
  shortName: shortNameOf(cluster, observed.name),
  group,
  tone: observed.healthy ? (extra.tone ?? 'good') : 'bad',
  word: observed.healthy ? (extra.word ?? 'healthy') : 'unhealthy',
  note: extra.note ?? '',
  detail: observed.detail,
  facts: extra.facts ?? [],
})

export const lagText = (member: MemberStatus): string =>
  `${formatBytes(member.lag_bytes)} · ${formatMs(member.lag_ms)}`

const memberPart = (cluster: string, member: MemberStatus): Part => ({
  name: member.name,
  shortName: shortNameOf(cluster, member.name),
  group: 'member',
  tone: memberTone(member),
  word: member.state,
  note: member.role,
  detail: member.pending_restart ? 'A changed setting waits for a restart.' : '',
  facts: [
    { label: 'Role', value: member.role },
    { label: 'State', value: member.state },
    { label: 'Address', value: member.address },
    { label: 'Failure domain', value: member.host },
    { label: 'Timeline', value: formatCount(member.timeline) },
    { label: member.role === 'primary' ? 'Written LSN' : 'Replayed LSN', value: member.lsn ?? '–' },
    ...(member.role === 'primary'
      ? []
      : [
          { label: 'Replay lag, bytes', value: formatBytes(member.lag_bytes) },
          { label: 'Replay lag, time', value: formatMs(member.lag_ms) },
        ]),
    { label: 'Connections', value: formatCount(member.connections) },
    { label: 'PostgreSQL', value: member.version ?? '–' },
    { label: 'Pending restart', value: member.pending_restart ? 'yes' : 'no' },
  ],
})

type PoolerStatus = ClusterStatus['poolers'][number]

const poolerPart = (cluster: string, pooler: PoolerStatus): Part => {
  const total = (key: 'clients' | 'waiting' | 'servers'): number =>
    pooler.databases.reduce((sum, database) => sum + database[key], 0)
  const paused = pooler.databases.some((database) => database.paused)
  const waiting = total('waiting')
  const note = waiting > 0 ? `${formatCount(waiting)} waiting` : plural(total('clients'), 'client')
  return partOf(cluster, 'pooler', pooler, {
    ...(paused ? { tone: 'warn', word: 'paused' } : {}),
    note: paused ? 'paused' : note,
    facts: pooler.databases.flatMap((database) => [
      {
        label: database.name,
        value: `${plural(database.clients, 'client')} on ${plural(database.servers, 'connection')}${database.paused ? ', paused' : ''}`,
      },
      {
        label: `${database.name}, waiting`,
        value: `${formatCount(database.waiting)}, longest ${formatMs(database.max_wait_ms)}`,
      },
    ]),
  })
}

type RouterStatus = ClusterStatus['routers'][number]

const routerPart = (cluster: string, router: RouterStatus): Part => {
  const target = router.write_to === null ? null : shortNameOf(cluster, router.write_to)
  return partOf(cluster, 'router', router, {
    ...(target === null ? { tone: 'warn', word: 'without a primary' } : {}),
    note: target === null ? 'no primary' : `→ ${target}`,
    facts: [
      { label: 'Writes go to', value: target ?? 'nowhere: no primary is up' },
      {
        label: 'Reads go to',
        value:
          router.read_from.map((name) => shortNameOf(cluster, name)).join(', ') || 'no standby',
      },
      { label: 'Sessions', value: formatCount(router.sessions) },
    ],
  })
}

const servicePart = (cluster: string, service: ClusterStatus['services'][number]): Part =>
  partOf(cluster, service.component, service, {
    ...(service.draining ? { tone: 'warn', word: 'draining', note: 'draining' } : {}),
    facts: [{ label: 'Draining', value: service.draining ? 'yes' : 'no' }],
  })

const edgePart = (cluster: string, edge: ClusterStatus['edges'][number]): Part =>
  partOf(cluster, 'edge', edge, {
    note: edge.kind === 'haproxy' ? 'HAProxy' : 'nginx',
    facts: [
      { label: 'Kind', value: edge.kind === 'haproxy' ? 'HAProxy' : 'nginx' },
      { label: 'Connections', value: formatCount(edge.connections) },
      { label: 'Requests since start', value: formatCount(edge.requests_total) },
    ],
  })

/** Every part, in the order of GROUPS and then as observed. */
export const partsOf = (status: ClusterStatus): readonly Part[] => {
  const { cluster } = status
  const services = status.services.map((service) => servicePart(cluster, service))
  const service = (group: GroupName): readonly Part[] =>
    services.filter((part) => part.group === group)
  return [
    ...status.edges.map((edge) => edgePart(cluster, edge)),
    ...service('console'),
    ...service('desktop-api'),
    ...service('agent'),
    ...service('mcp'),
    ...status.poolers.map((pooler) => poolerPart(cluster, pooler)),
    ...status.routers.map((router) => routerPart(cluster, router)),
    ...status.members.map((member) => memberPart(cluster, member)),
    ...status.etcd.map((etcd) =>
      partOf(cluster, 'etcd', etcd, {
        note: etcd.leader ? 'leader' : '',
        facts: [
          { label: 'Role', value: etcd.leader ? 'leader' : 'follower' },
          { label: 'Database', value: formatBytes(etcd.db_bytes) },
        ],
      }),
    ),
    ...status.controllers.map((controller) =>
      partOf(cluster, 'controller', controller, {
        note: controller.active ? 'active' : 'waiting',
        facts: [{ label: 'Lease', value: controller.active ? 'active' : 'waiting' }],
      }),
    ),
    ...status.engine_proxies.map((proxy) =>
      partOf(cluster, 'engine-proxy', proxy, {
        facts: [{ label: 'Failure domain', value: proxy.host }],
      }),
    ),
    ...status.prometheus.map((prometheus) => partOf(cluster, 'prometheus', prometheus)),
    ...status.alertmanagers.map((alertmanager) => partOf(cluster, 'alertmanager', alertmanager)),
  ]
}

export const partsOfGroup = (parts: readonly Part[], group: GroupName): readonly Part[] =>
  parts.filter((part) => part.group === group)

/** The worst of several tones; unknown when there is nothing. */
export const worstTone = (tones: readonly Tone[]): Tone => {
  if (tones.length === 0) return 'unknown'
  return (['bad', 'warn', 'unknown'] as const).find((tone) => tones.includes(tone)) ?? 'good'
}
