/**
 * Who is in a cluster and where: every container's name, address and failure domain, derived from the
 * spec alone. Addresses are static, because an address that moves breaks nginx's once-only resolution
 * and Patroni's peers; each component has a fixed range of the /24, so scaling one moves no other.
 */
import type { ClusterSpec, Resources } from '../spec/cluster-spec.ts'
import { whyNoScheduledDrills } from '../spec/drill-schedule.ts'

export const COMPONENTS = [
  'etcd',
  'store',
  'member',
  'router',
  'pooler',
  'agent',
  'desktop-api',
  'mcp',
  'console',
  'edge',
  'engine-proxy',
  'controller',
  'prometheus',
  'alertmanager',
  'drill',
  'backup',
  'restore-test',
] as const
export type Component = (typeof COMPONENTS)[number]

/** There, and stopped until a controller starts it for a while: what controllers cannot make, since they may only start. */
const RESTING: ReadonlySet<string> = new Set<Component>(['drill', 'backup', 'restore-test'])
export const isResting = (component: string): boolean => RESTING.has(component)

/** The stateless services, by the component's name. */
export const SERVICE_COMPONENTS = ['agent', 'desktop-api', 'mcp', 'console'] as const
export type ServiceComponent = (typeof SERVICE_COMPONENTS)[number]

/** The uid and gid that every container runs as. */
export const CONTAINER_UID = 10_001

/** Last octet of a component's first container; replica n has this + n − 1. */
const FIRST_OCTET: Readonly<Record<Component | 'loadgen' | 'restore', number>> = {
  etcd: 11,
  member: 21,
  router: 41,
  pooler: 51,
  agent: 61,
  'desktop-api': 91,
  mcp: 121,
  console: 151,
  edge: 181,
  controller: 191,
  prometheus: 201,
  alertmanager: 203,
  store: 206,
  loadgen: 211,
  drill: 215,
  backup: 216,
  'restore-test': 217,
  restore: 218,
  'engine-proxy': 221,
}

export interface Container {
  readonly component: Component
  /** 1-based number among its component. */
  readonly ordinal: number
  /** `<cluster>-<component>-<ordinal>`, the container's and the DNS name. */
  readonly name: string
  readonly address: string
  /** Failure domain, one of `hosts`. */
  readonly host: string
  readonly resources: Resources
}

export const containerName = (cluster: string, component: string, ordinal: number): string =>
  `${cluster}-${component}-${ordinal}`

/** The address of the n-th container of a component in a /24, for example 10.77.0.21. */
export const addressOf = (
  spec: ClusterSpec,
  component: Component | 'loadgen' | 'restore',
  ordinal: number,
): string => {
  const prefix = spec.network.subnet.split('/')[0]?.split('.').slice(0, 3).join('.') ?? ''
  return `${prefix}.${FIRST_OCTET[component] + ordinal - 1}`
}

/** Does the cluster file name anybody to tell? Without, nothing of Alertmanager exists. */
export const hasNotifications = ({ notifications }: ClusterSpec): boolean =>
  notifications.webhooks.length > 0 || notifications.mail !== null

/** The cluster's own store, when the cluster file wants one. */
export const trialRepositoryOf = ({ backup }: Pick<ClusterSpec, 'backup'>) =>
  backup.repositories.find((repository) => repository.kind === 'trial')

/** How many containers of each component the spec asks for. */
export const replicaCounts = (spec: ClusterSpec): Readonly<Record<Component, number>> => ({
  etcd: spec.etcd.members,
  member: spec.database.members,
  router: spec.database.router.replicas,
  pooler: spec.database.pooler.replicas,
  agent: spec.services.agent.replicas,
  'desktop-api': spec.services.desktopApi.replicas,
  mcp: spec.services.mcp.replicas,
  console: spec.services.console.replicas,
  edge: spec.edge.replicas,
  'engine-proxy': spec.hosts.length,
  controller: spec.controller.replicas,
  prometheus: 1,
  alertmanager: hasNotifications(spec) ? 1 : 0,
  drill: whyNoScheduledDrills(spec) === null ? 1 : 0,
  store: trialRepositoryOf(spec) === undefined ? 0 : 1,
  backup: spec.backup.repositories.length > 0 ? 1 : 0,
  'restore-test': spec.backup.repositories.length > 0 ? 1 : 0,
})

/** It passes on a few requests a minute; the half core is for the moment when it matters. */
const ENGINE_PROXY_RESOURCES: Resources = { cpus: 0.5, memory: '48MB' }

/** It holds the alerts that fire now, and a day of what was sent. */
const ALERTMANAGER_RESOURCES: Resources = { cpus: 0.25, memory: '96MB' }

/** Of a component that this cluster has none of. */
const NO_RESOURCES: Resources = { cpus: 0.05, memory: '16MB' }

const resourcesOf = (spec: ClusterSpec): Readonly<Record<Component, Resources>> => ({
  etcd: spec.etcd.resources,
  member: spec.database.resources,
  router: spec.database.router.resources,
  pooler: spec.database.pooler.resources,
  agent: spec.services.agent.resources,
  'desktop-api': spec.services.desktopApi.resources,
  mcp: spec.services.mcp.resources,
  console: spec.services.console.resources,
  edge: spec.edge.resources,
  'engine-proxy': ENGINE_PROXY_RESOURCES,
  controller: spec.controller.resources,
  prometheus: spec.metrics.resources,
  alertmanager: ALERTMANAGER_RESOURCES,
  drill: spec.drills.resources,
  store: trialRepositoryOf(spec)?.resources ?? NO_RESOURCES,
  backup: spec.backup.resources,
  'restore-test': spec.backup.restoreTest.resources,
})

/** Every container of one component, in order. */
export const containersOf = (spec: ClusterSpec, component: Component): readonly Container[] =>
  Array.from({ length: replicaCounts(spec)[component] }, (_, index) => ({
    component,
    ordinal: index + 1,
    name: containerName(spec.name, component, index + 1),
    address: addressOf(spec, component, index + 1),
    host: spec.hosts[index % spec.hosts.length] ?? 'local',
    resources: resourcesOf(spec)[component],
  }))

/** Every container of the cluster, in the order in which they are best started. */
export const allContainers = (spec: ClusterSpec): readonly Container[] =>
  COMPONENTS.flatMap((component) => containersOf(spec, component))

/** Those of them that run all the time. */
export const servingContainers = (spec: ClusterSpec): readonly Container[] =>
  allContainers(spec).filter(({ component }) => !isResting(component))

/** Those that may change who is the primary: the controllers, and the runner of their drills. */
export const actingContainers = (spec: ClusterSpec): readonly Container[] => [
  ...containersOf(spec, 'controller'),
  ...containersOf(spec, 'drill'),
]

/** Addresses of one component's containers. */
export const addressesOf = (spec: ClusterSpec, component: Component): readonly string[] =>
  containersOf(spec, component).map((container) => container.address)
