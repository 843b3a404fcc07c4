/**
 * The Compose file of a cluster: one service per container, static addresses, limits, read-only roots.
 * It holds no secret: those are files in each container's own read-only folder. Labels carry hashes of that folder, so
 * that changed configuration is a changed container, or one to be reloaded.
 */
import { parse, stringify } from 'yaml'
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import { bytesOf } from '../spec/quantities.ts'
import {
  allContainers,
  containersOf,
  CONTAINER_UID,
  isResting,
  type Component,
  type Container,
} from '../topology/containers.ts'
import { PORTS } from '../topology/ports.ts'
import { CONFIG_DIR, header, plainFile, type RenderedFile, type RenderedFiles } from './files.ts'
import { alertmanagerFlags } from './alertmanager.ts'
import { prometheusFlags } from './prometheus.ts'

/** Images by component, as `name:tag`. */
export type ImageTags = Readonly<Record<Component, string>>

/** The container engine's socket on the machine that the cluster will run on. */
export interface EngineSocket {
  readonly path: string
  /** Id of the group that may use it; null: not known here, Compose asks for it. */
  readonly gid: number | null
}

/** Where an engine proxy finds the engine's socket. */
export const ENGINE_SOCKET_TARGET = '/run/engine.sock'

/** Told to Compose when the group of the engine's socket is not known while rendering. */
export const ENGINE_GID_VARIABLE = 'NEURONHA_ENGINE_GID'

export interface ConfigHashes {
  /** Of all of it. */
  readonly config: string
  /** Of what counts only when the container starts. */
  readonly start: string
}

export interface ComposeOptions {
  readonly images: ImageTags
  /** Folder on the machine that holds each container's rendered folder. */
  readonly filesDir: string
  readonly engineSocket: EngineSocket
  /** Hashes of a container's definition together with its rendered folder. */
  readonly hashOf: (container: Container, definition: string) => ConfigHashes
}

export const LABELS = {
  cluster: 'neuronha.cluster',
  component: 'neuronha.component',
  host: 'neuronha.host',
  config: 'neuronha.config',
  start: 'neuronha.start',
} as const

/** The engine's name of the cluster's network. */
export const networkName = (cluster: string): string => `${cluster}-net`
/** The engine's name of the volume that holds a container's data. */
export const volumeName = (container: string): string => `${container}-data`

interface ComponentShape {
  /** Where the data volume is mounted; none: stateless. */
  readonly data?: string
  readonly tmpfs: readonly string[]
  readonly stopSeconds: number
  readonly shmSize?: string
}

const TMP = `/tmp:mode=1777,size=64m`
const RUN = `/run:uid=${CONTAINER_UID},gid=${CONTAINER_UID},mode=0755,size=16m`

const STATELESS: ComponentShape = { tmpfs: [TMP, RUN], stopSeconds: 15 }
/** A service drains: it waits for the edge to notice, then for its requests to finish. */
const SERVICE: ComponentShape = { tmpfs: [TMP, RUN], stopSeconds: 30 }

/** Where the trial store keeps everything. */
export const STORE_DATA_DIR = '/var/lib/store'

const SHAPES: Readonly<Record<Component, ComponentShape>> = {
  etcd: { data: '/var/lib/etcd', tmpfs: [TMP, RUN], stopSeconds: 10 },
  member: { data: '/var/lib/postgresql', tmpfs: [TMP, RUN], stopSeconds: 60, shmSize: '256m' },
  router: STATELESS,
  pooler: STATELESS,
  agent: SERVICE,
  'desktop-api': SERVICE,
  mcp: SERVICE,
  console: STATELESS,
  'engine-proxy': STATELESS,
  edge: { tmpfs: [`/tmp:mode=1777,size=256m`, RUN], stopSeconds: 30 },
  controller: STATELESS,
  prometheus: { data: '/var/lib/prometheus', tmpfs: [TMP, RUN], stopSeconds: 20 },
  alertmanager: { data: '/var/lib/alertmanager', tmpfs: [TMP, RUN], stopSeconds: 10 },
  // Asked to stop, it mends what it broke first.
  drill: { tmpfs: [`/tmp:mode=1777,size=256m`, RUN], stopSeconds: 90 },
  store: { data: STORE_DATA_DIR, tmpfs: [TMP, RUN], stopSeconds: 15 },
  // A backup that is stopped is made anew.
  backup: { tmpfs: [TMP, RUN], stopSeconds: 30 },
  'restore-test': {
    data: '/var/lib/postgresql',
    tmpfs: [TMP, RUN],
    stopSeconds: 30,
    shmSize: '256m',
  },
}

/**
 * Weights for a processor that is wanted by more than there is of it (the engine's default is 1024). What decides a failover
 * costs little and must not wait: a health check that came late has routers cut off a healthy primary.
 */
const CPU_SHARES: Readonly<Record<Component, number>> = {
  etcd: 4096,
  controller: 4096,
  'engine-proxy': 4096,
  router: 4096,
  member: 2048,
  pooler: 2048,
  edge: 2048,
  agent: 1024,
  'desktop-api': 1024,
  mcp: 1024,
  console: 1024,
  prometheus: 256,
  alertmanager: 256,
  // The instrument must not starve of what it measures.
  drill: 4096,
  // Backups take what is left over.
  store: 256,
  backup: 128,
  'restore-test': 128,
}

/** Node's old generation may fill this share of the container; the rest is buffers, code and stacks. */
const NODE_HEAP_SHARE = 0.6
const NODE_COMPONENTS: ReadonlySet<Component> = new Set([
  'agent',
  'desktop-api',
  'mcp',
  'controller',
  'drill',
  'store',
  'backup',
  'restore-test',
])

/** Arguments after those of the image's entrypoint. */
const COMMANDS: Readonly<Partial<Record<Component, (spec: ClusterSpec) => readonly string[]>>> = {
  prometheus: prometheusFlags,
  alertmanager: alertmanagerFlags,
  // One image, two programs.
  backup: () => ['/app/backup.mjs'],
  'restore-test': () => ['/app/restore-test.mjs'],
}

/** The Compose file, as `compose.yaml` of the cluster's state folder. */
export function renderCompose(spec: ClusterSpec, options: ComposeOptions): RenderedFiles {
  const containers = allContainers(spec)
  const document = {
    name: spec.name,
    services: Object.fromEntries(
      containers.map((container) => [
        `${container.component}-${container.ordinal}`,
        composeService(spec, container, options),
      ]),
    ),
    networks: {
      cluster: {
        name: networkName(spec.name),
        driver: 'bridge',
        ipam: { config: [{ subnet: spec.network.subnet }] },
        labels: { [LABELS.cluster]: spec.name },
      },
    },
    volumes: Object.fromEntries(
      containers
        .filter(({ component }) => SHAPES[component].data !== undefined)
        .map(({ name }) => [
          volumeName(name),
          { name: volumeName(name), labels: { [LABELS.cluster]: spec.name } },
        ]),
    ),
  }
  const text = header('Compose') + stringify(document, { lineWidth: 0 })
  return new Map<string, RenderedFile>([['compose.yaml', plainFile(text)]])
}

/**
 * The same Compose file with these containers alone: Compose makes every volume that a file names, whatever it is asked to
 * start.
 */
export function composeOfOnly(compose: string, names: readonly string[]): string {
  const document = parse(compose) as {
    readonly services: Readonly<Record<string, { readonly container_name: string }>>
    readonly volumes: Readonly<Record<string, unknown>>
  }
  const kept = <T>(of: Readonly<Record<string, T>>, isKept: (key: string, value: T) => boolean) =>
    Object.fromEntries(Object.entries(of).filter(([key, value]) => isKept(key, value)))
  const volumes = names.map(volumeName)
  return stringify(
    {
      ...document,
      services: kept(document.services, (_key, service) => names.includes(service.container_name)),
      volumes: kept(document.volumes, (key) => volumes.includes(key)),
    },
    { lineWidth: 0 },
  )
}

function composeService(spec: ClusterSpec, container: Container, options: ComposeOptions) {
  const { component, name, resources } = container
  const shape = SHAPES[component]
  const memory = bytesOf(resources.memory)
  const heapMb = Math.floor((memory * NODE_HEAP_SHARE) / 1024 ** 2)
  const command = COMMANDS[component]?.(spec)
  const socket = component === 'engine-proxy' ? options.engineSocket : undefined
  const ports = publishedPortsOf(spec, container)
  const definition = {
    image: options.images[component],
    container_name: name,
    hostname: name,
    ...(command === undefined ? {} : { command: [...command] }),
    user: `${CONTAINER_UID}:${CONTAINER_UID}`,
    restart: isResting(component) ? 'no' : 'unless-stopped',
    read_only: true,
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
    tmpfs: [...shape.tmpfs],
    ...(shape.shmSize === undefined ? {} : { shm_size: shape.shmSize }),
    ...(NODE_COMPONENTS.has(component)
      ? {
          environment: {
            NODE_OPTIONS: `--max-old-space-size=${heapMb}`,
            ...(isResting(component) ? { NEURONHA_VERSION: options.images[component] } : {}),
          },
        }
      : {}),
    volumes: [
      `${options.filesDir}/${name}:${CONFIG_DIR}:ro`,
      ...(shape.data === undefined ? [] : [`${volumeName(name)}:${shape.data}`]),
      ...(socket === undefined ? [] : [engineSocketMount(socket)]),
    ],
    ...(socket === undefined ? {} : { group_add: [engineGroup(socket)] }),
    networks: { cluster: { ipv4_address: container.address } },
    ...extraHostsOf(spec, container),
    ...(ports.length === 0 ? {} : { ports: [...ports] }),
    cpus: resources.cpus,
    cpu_shares: CPU_SHARES[component],
    mem_limit: memory,
    memswap_limit: memory,
    pids_limit: 1024,
    stop_grace_period: `${shape.stopSeconds}s`,
    logging: { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } },
  }
  const hashes = options.hashOf(container, JSON.stringify(definition))
  return {
    ...definition,
    labels: {
      [LABELS.cluster]: spec.name,
      [LABELS.component]: component,
      [LABELS.host]: container.host,
      [LABELS.config]: hashes.config,
      [LABELS.start]: hashes.start,
    },
  }
}

/**
 * pgBackRest compares certificates with names alone. They are looked up here, because a name that is not there any more
 * costs up to ten seconds in the engine's resolver.
 */
function extraHostsOf(spec: ClusterSpec, { component }: Container) {
  const stores = containersOf(spec, 'store')
  const named = {
    member: stores,
    backup: [...stores, ...containersOf(spec, 'member')],
    'restore-test': stores,
  }[component as string]
  if (named === undefined || named.length === 0) return {}
  return { extra_hosts: named.map(({ name, address }) => `${name}:${address}`) }
}

/** In the long form, in which a socket that is not there is an error and not a new folder. */
const engineSocketMount = ({ path }: EngineSocket) => ({
  type: 'bind',
  source: path,
  target: ENGINE_SOCKET_TARGET,
  read_only: true,
  bind: { create_host_path: false },
})

const engineGroup = ({ path, gid }: EngineSocket): string =>
  gid === null
    ? `\${${ENGINE_GID_VARIABLE}:?set it to the group of the engine's socket: stat -c %g ${path}}`
    : String(gid)

/** Ports on the machine, always on the address that the cluster file names. */
function publishedPortsOf(spec: ClusterSpec, { component, ordinal }: Container): readonly string[] {
  const { bindAddress, httpPort, httpsPort } = spec.edge
  const { publishPort } = spec.database.pooler
  const offset = ordinal - 1
  if (component === 'edge') {
    return [
      `${bindAddress}:${httpPort + offset}:${PORTS.edgeHttp}`,
      `${bindAddress}:${httpsPort + offset}:${PORTS.edgeHttps}`,
    ]
  }
  if (component === 'pooler' && publishPort !== null) {
    return [`${bindAddress}:${publishPort + offset}:${PORTS.pooler}`]
  }
  return []
}
