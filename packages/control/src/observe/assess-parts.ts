/** Everything beside the members: each kind's answers as the contract's rows, and what is wrong with them. */
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { degraded, down, type Finding } from './finding.ts'
import {
  valueOf,
  type Answer,
  type ProxyStatistics,
  type RawObservation,
} from './raw-observation.ts'
import { count, duration, list } from './words.ts'

/** Sections of the router's configuration, as its renderer names them. */
const ROUTER_SECTIONS = { write: 'write', read: 'read' } as const

/** A client that waits longer than this for a server connection is worth a word. */
const NOTICEABLE_WAIT_MS = 1000

const whyOf = (answer: Answer<unknown>): string => (answer.ok ? '' : answer.why)
const names = (parts: readonly { readonly name: string }[]): string =>
  list(parts.map(({ name }) => name))

export const assessEtcd = (raw: RawObservation): ClusterStatus['etcd'] =>
  raw.etcd.map(({ name, answer }) => {
    const value = valueOf(answer)
    const facts = [value?.version ?? '', ...(value?.alarms ?? [])].filter((fact) => fact !== '')
    const healthy = value?.healthy === true && value.alarms.length === 0
    const detail =
      value === undefined
        ? whyOf(answer)
        : [value.reason, ...facts].filter((word) => word !== '').join(', ')
    return {
      name,
      healthy,
      detail,
      leader: value?.isLeader ?? false,
      db_bytes: value?.dbBytes ?? null,
    }
  })

/** Servers that get connections now: the section's own, or its backups (named `primary-<member>`) when none is up. */
const upServers = (statistics: ProxyStatistics, section: string): readonly string[] => {
  const up = (statistics.proxies[section] ?? []).filter((server) => server.up)
  const own = up.filter(({ backup }) => !backup)
  return (own.length > 0 ? own : up).map(({ name }) => name.replace(/^primary-/, ''))
}

export const assessRouters = (raw: RawObservation): ClusterStatus['routers'] =>
  raw.routers.map(({ name, answer }) => {
    const value = valueOf(answer)
    if (value === undefined)
      return {
        name,
        healthy: false,
        detail: whyOf(answer),
        write_to: null,
        read_from: [],
        sessions: null,
      }
    const writable = upServers(value, ROUTER_SECTIONS.write)
    return {
      name,
      healthy: writable.length === 1,
      detail: writable.length === 1 ? '' : `${count(writable.length, 'member')} for writes`,
      write_to: writable[0] ?? null,
      read_from: [...upServers(value, ROUTER_SECTIONS.read)],
      sessions: value.sessions,
    }
  })

export const assessPoolers = (raw: RawObservation): ClusterStatus['poolers'] =>
  raw.poolers.map(({ name, answer }) => {
    const databases = valueOf(answer) ?? []
    const held = databases.filter(({ paused }) => paused)
    return {
      name,
      healthy: answer.ok && held.length === 0,
      detail: held.length > 0 ? `paused: ${names(held)}` : whyOf(answer),
      databases: databases.map((database) => ({
        name: database.name,
        clients: database.clients,
        waiting: database.waiting,
        servers: database.servers,
        max_wait_ms: database.maxWaitMs,
        paused: database.paused,
      })),
    }
  })

export const assessEdges = (raw: RawObservation): ClusterStatus['edges'] =>
  raw.edges.map(({ name, kind, answer }) => ({
    name,
    healthy: answer.ok,
    detail: whyOf(answer),
    kind,
    connections: valueOf(answer)?.connections ?? null,
    requests_total: valueOf(answer)?.requests ?? null,
  }))

export const assessServices = (raw: RawObservation): ClusterStatus['services'] =>
  raw.services.map(({ name, component, answer }) => ({
    name,
    healthy: valueOf(answer)?.healthy ?? false,
    detail: valueOf(answer)?.detail ?? whyOf(answer),
    component,
    draining: valueOf(answer)?.draining ?? false,
  }))

export const assessControllers = (raw: RawObservation): ClusterStatus['controllers'] =>
  raw.controllers.map(({ name, answer }) => ({
    name,
    healthy: answer.ok,
    detail: whyOf(answer),
    active: valueOf(answer)?.active ?? false,
  }))

export const assessEngineProxies = (raw: RawObservation): ClusterStatus['engine_proxies'] =>
  raw.engineProxies.map(({ name, host, answer }) => ({
    name,
    healthy: answer.ok,
    detail: whyOf(answer),
    host,
  }))

export const assessPrometheus = (raw: RawObservation): ClusterStatus['prometheus'] =>
  raw.prometheus.map(({ name, answer }) => ({ name, healthy: answer.ok, detail: whyOf(answer) }))

export const assessAlertmanagers = (raw: RawObservation): ClusterStatus['alertmanagers'] =>
  raw.alertmanagers.map(({ name, answer }) => ({ name, healthy: answer.ok, detail: whyOf(answer) }))

type Part = { readonly name: string; readonly healthy: boolean; readonly detail: string }

const reasonIn = ({ name, detail }: Part): string => (detail === '' ? name : `${name} (${detail})`)

/** One line for a kind whose replicas are equal: some gone is less in reserve, all gone is `allGone`. */
const replicasGone = (
  parts: readonly Part[],
  what: string,
  allGone: Finding,
): readonly Finding[] => {
  const gone = parts.filter(({ healthy }) => !healthy)
  if (gone.length === 0) return []
  if (gone.length === parts.length)
    return [{ ...allGone, words: `${allGone.words}: ${list(gone.map(reasonIn))}` }]
  const left = parts.length - gone.length
  const is = gone.length === 1 ? 'is' : 'are'
  return [
    degraded(
      `${what} ${list(gone.map(reasonIn))} ${is} not serving: ${left} of ${parts.length} carry on`,
    ),
  ]
}

const etcdProblems = (etcd: ClusterStatus['etcd']): readonly Finding[] => {
  const bad = etcd.filter(({ healthy }) => !healthy)
  if (bad.length === 0) return []
  const left = etcd.length - bad.length
  const quorum = Math.floor(etcd.length / 2) + 1
  if (left < quorum)
    return [
      degraded(
        `etcd has no quorum (${left} of ${etcd.length} healthy, ${quorum} needed; ${list(bad.map(reasonIn))}): nothing can fail over`,
      ),
    ]
  const consequence =
    left === quorum
      ? 'one more lost and nothing can fail over'
      : `${left} of ${etcd.length} carry on`
  return [degraded(`etcd ${list(bad.map(reasonIn))} not healthy: ${consequence}`)]
}

const routerProblems = (
  routers: ClusterStatus['routers'],
  primary: string | undefined,
): readonly Finding[] => [
  ...replicasGone(routers, 'Router', down('No router sends writes to a primary')),
  ...routers
    .filter(({ write_to }) => write_to !== null && primary !== undefined && write_to !== primary)
    .map(({ name, write_to }) =>
      degraded(`Router ${name} sends writes to ${write_to ?? ''}, the primary is ${primary ?? ''}`),
    ),
]

const poolerProblems = (poolers: ClusterStatus['poolers']): readonly Finding[] => {
  const silent = poolers.filter(({ healthy, databases }) => !healthy && databases.length === 0)
  const seen = poolers.map((pooler) => ({ ...pooler, healthy: !silent.includes(pooler) }))
  const paused = poolers.flatMap(({ name, databases }) =>
    databases
      .filter((database) => database.paused)
      .map((database) =>
        degraded(
          `Pooler ${name} holds the clients of ${database.name} (paused): they wait for RESUME`,
        ),
      ),
  )
  const waiting = poolers.flatMap(({ name, databases }) =>
    databases
      .filter(({ max_wait_ms, paused: held }) => !held && max_wait_ms > NOTICEABLE_WAIT_MS)
      .map((database) =>
        degraded(
          `Pooler ${name}: ${count(database.waiting, 'client waits', 'clients wait')} for ${database.name}, the longest for ${duration(database.max_wait_ms)}`,
        ),
      ),
  )
  return [
    ...replicasGone(seen, 'Pooler', down('No pooler answers, so no service reaches the database')),
    ...paused,
    ...waiting,
  ]
}

const SERVICE_ALL_GONE: Readonly<Record<ClusterStatus['services'][number]['component'], Finding>> =
  {
    agent: down('No agent replica serves, so no message can be sent'),
    'desktop-api': down('No desktop-api replica serves, so nobody can use the console'),
    console: degraded('No console replica serves'),
    mcp: degraded('No mcp replica serves'),
  }

const serviceProblems = (services: ClusterStatus['services']): readonly Finding[] =>
  Object.entries(SERVICE_ALL_GONE).flatMap(([component, allGone]) =>
    replicasGone(
      services.filter((service) => service.component === component),
      'Service',
      allGone,
    ),
  )

const controllerProblems = (controllers: ClusterStatus['controllers']): readonly Finding[] => {
  const active = controllers.filter((controller) => controller.active)
  const gone = replicasGone(
    controllers,
    'Controller',
    degraded('No controller answers (Patroni still fails over by itself)'),
  )
  const allGone = controllers.every(({ healthy }) => !healthy)
  if (controllers.length === 0 || allGone || active.length === 1) return gone
  return [
    ...gone,
    degraded(
      active.length === 0
        ? 'No controller is active (Patroni still fails over by itself)'
        : `${names(active)} both say that they are the active controller`,
    ),
  ]
}

/** Each stands before another engine, so none carries on for another. */
const engineProxyProblems = (proxies: ClusterStatus['engine_proxies']): readonly Finding[] =>
  proxies
    .filter(({ healthy }) => !healthy)
    .map((proxy) =>
      degraded(
        `Engine proxy ${reasonIn(proxy)} does not serve: controllers can neither fence nor repair what runs on ${proxy.host}`,
      ),
    )

export const findPartProblems = (
  status: Omit<ClusterStatus, 'health' | 'reasons'>,
): readonly Finding[] => [
  ...replicasGone(status.edges, 'Edge', down('No edge answers, so clients reach nothing')),
  ...routerProblems(status.routers, status.members.find(({ role }) => role === 'primary')?.name),
  ...poolerProblems(status.poolers),
  ...serviceProblems(status.services),
  ...etcdProblems(status.etcd),
  ...engineProxyProblems(status.engine_proxies),
  ...controllerProblems(status.controllers),
  ...replicasGone(
    status.prometheus,
    'Prometheus',
    degraded('Prometheus does not answer, so no metrics are kept and no alert fires'),
  ),
  ...replicasGone(
    status.backups.stores,
    'Trial store',
    degraded('The trial store does not answer, so WAL waits on the members’ disks'),
  ),
  ...replicasGone(
    status.alertmanagers,
    'Alertmanager',
    degraded('Alertmanager does not answer, so nobody is told of alerts'),
  ),
]
