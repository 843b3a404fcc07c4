/** /etc/neuronha/config.json of every Node process: agent, desktop-api, mcp, controller. */
import type { z } from 'zod'
import {
  agentConfig,
  backupConfig,
  controllerConfig,
  desktopApiConfig,
  mcpConfig,
  type ObserveConfig,
} from '../config/processes.ts'
import type { MigrationAccess, PoolerAccess, UpstreamConfig } from '../config/common.ts'
import type { ClusterSecrets } from '../secrets.ts'
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import { bytesOf, durationMsOf } from '../spec/quantities.ts'
import {
  addressesOf,
  containersOf,
  SERVICE_COMPONENTS,
  type Component,
  type Container,
} from '../topology/containers.ts'
import { PORTS } from '../topology/ports.ts'
import {
  PLATFORM_DATABASE,
  POOLER_DATABASES,
  ROLES,
  SCHEMAS,
  type RoleKey,
} from '../topology/roles.ts'
import type { NotificationSecrets } from './alertmanager.ts'
import { repositoryName, type RepositoryCredentials } from './pgbackrest.ts'
import { plannedConfigOf } from './planned.ts'
import { secretFile, TLS_PATHS, type RenderedFile, type RenderedFiles } from './files.ts'

/** Extra inputs that are read from files the cluster file names, so that rendering stays pure. */
export interface ExternalSecrets {
  readonly llmApiKey?: string | undefined
  readonly notifications?: NotificationSecrets
  /** In the order of backup.repositories; undefined for the trial store. */
  readonly repositories?: readonly (RepositoryCredentials | undefined)[]
}

const TLS = { caFile: TLS_PATHS.ca, certificateFile: TLS_PATHS.certificate, keyFile: TLS_PATHS.key }

const poolersOf = (spec: ClusterSpec): PoolerAccess['poolers'] =>
  containersOf(spec, 'pooler').map(({ name, address }) => ({ name, address, port: PORTS.pooler }))

/** How a role reaches the platform's database through the poolers. */
export const poolerAccessOf = <Role extends RoleKey>(
  spec: ClusterSpec,
  secrets: { readonly roles: Readonly<Record<Role, { readonly password: string }>> },
  role: Role,
): z.input<typeof agentConfig.shape.database> => ({
  poolers: poolersOf(spec),
  user: ROLES[role].name,
  password: secrets.roles[role].password,
  writeDatabase: POOLER_DATABASES.write,
  readDatabase: POOLER_DATABASES.read,
  maxReadLagMs: spec.database.router.maxReadLag.ms,
})

const migrationsOf = (
  spec: ClusterSpec,
  secrets: ClusterSecrets,
  schema: string,
): MigrationAccess => ({
  routers: addressesOf(spec, 'router').map((address) => ({ address, port: PORTS.routerWrite })),
  user: ROLES.owner.name,
  password: secrets.roles.owner.password,
  database: PLATFORM_DATABASE,
  schema,
})

const upstreamOf = (spec: ClusterSpec, path: string, apiKey?: string): UpstreamConfig => ({
  urls: addressesOf(spec, 'edge').map(
    (address) => `https://${address}:${PORTS.edgeInternal}/${path}`,
  ),
  serverName: 'edge',
  ...(apiKey === undefined ? {} : { apiKey }),
})

/** How to look at this cluster; `tls` differs between the controller's container and the CLI. */
export const observeConfigOf = (
  spec: ClusterSpec,
  secrets: ClusterSecrets,
  tls: ObserveConfig['tls'],
): ObserveConfig => {
  const named = (component: Component) =>
    containersOf(spec, component).map(({ name, address }) => ({ name, address }))
  const placed = (component: Component) =>
    containersOf(spec, component).map(({ name, address, host }) => ({ name, address, host }))
  const servicePorts = {
    agent: PORTS.agent,
    'desktop-api': PORTS.desktopApi,
    mcp: PORTS.mcp,
    console: PORTS.console,
  }
  return {
    tls,
    members: placed('member'),
    etcd: placed('etcd'),
    routers: named('router'),
    poolers: named('pooler'),
    edges: named('edge').map((edge) => ({ ...edge, kind: spec.edge.kind })),
    services: SERVICE_COMPONENTS.flatMap((component) =>
      named(component).map((replica) => ({ ...replica, component, port: servicePorts[component] })),
    ),
    controllers: named('controller'),
    engineProxies: placed('engine-proxy'),
    prometheus: named('prometheus'),
    alertmanagers: named('alertmanager'),
    database: {
      user: ROLES.controller.name,
      password: secrets.roles.controller.password,
      database: PLATFORM_DATABASE,
    },
    poolerStats: { user: ROLES.poolerStats.name, password: secrets.roles.poolerStats.password },
    patroniScope: spec.name,
    synchronous: spec.database.syncStandbys > 0 && spec.database.members > 1,
    maxReadLag: {
      bytes: bytesOf(spec.database.router.maxReadLag.bytes),
      ms: spec.database.router.maxReadLag.ms,
    },
    repositories: spec.backup.repositories.map((repository, index) => ({
      name: repositoryName(index),
      kind: repository.kind,
      place: placeOf(repository),
    })),
    stores: named('store'),
    rpoMs: durationMsOf(spec.backup.rpo),
  }
}

/** pgBackRest's names of the repositories, and where each is. */
export const repositoryPlaces = ({ backup }: ClusterSpec) =>
  backup.repositories.map((repository, index) => ({
    name: repositoryName(index),
    place: placeOf(repository),
  }))

const placeOf = (repository: ClusterSpec['backup']['repositories'][number]): string =>
  repository.kind === 'trial'
    ? 'trial store on this machine'
    : `${repository.bucket}${repository.path} at ${repository.endpoint}`

export function renderServices(
  spec: ClusterSpec,
  secrets: ClusterSecrets,
  external: ExternalSecrets = {},
): RenderedFiles {
  const files = new Map<string, RenderedFile>()
  const write = <Schema extends z.ZodType>(
    component: Component,
    schema: Schema,
    configOf: (container: Container) => NoInfer<z.input<Schema>>,
  ): void => {
    for (const container of containersOf(spec, component)) {
      const config = schema.parse(configOf(container))
      files.set(`${container.name}/config.json`, secretFile(`${JSON.stringify(config, null, 2)}\n`))
    }
  }
  const common = (container: Container, port: number) => ({
    cluster: spec.name,
    replica: container.name,
    listen: { address: '0.0.0.0', port },
    tls: TLS,
  })
  write('agent', agentConfig, (container) => ({
    ...common(container, PORTS.agent),
    database: poolerAccessOf(spec, secrets, 'agent'),
    migrations: migrationsOf(spec, secrets, SCHEMAS.agent),
    signingKey: secrets.signingKey,
    initialKeys: [
      { name: 'first admin key', role: 'admin' as const, key: secrets.apiKeys.admin },
      { name: 'desktop-api and mcp', role: 'admin' as const, key: secrets.apiKeys.service },
      { name: 'drills', role: 'user' as const, key: secrets.apiKeys.drill },
    ],
    llm: llmOf(spec, external),
  }))
  write('desktop-api', desktopApiConfig, (container) => ({
    ...common(container, PORTS.desktopApi),
    database: poolerAccessOf(spec, secrets, 'desktop'),
    migrations: migrationsOf(spec, secrets, SCHEMAS.desktop),
    signingKey: secrets.signingKey,
    firstAdmin: secrets.consoleAdmin,
    agent: upstreamOf(spec, 'agent', secrets.apiKeys.service),
    controller: upstreamOf(spec, 'controller'),
  }))
  write('mcp', mcpConfig, (container) => ({
    ...common(container, PORTS.mcp),
    session: {
      poolers: poolersOf(spec),
      user: ROLES.sql.name,
      password: secrets.roles.sql.password,
      database: POOLER_DATABASES.session,
    },
    agent: upstreamOf(spec, 'agent', secrets.apiKeys.service),
    controller: upstreamOf(spec, 'controller'),
    keys: [
      { name: 'first admin key', key: secrets.apiKeys.admin },
      { name: 'drills', key: secrets.apiKeys.drill },
    ],
  }))
  write('backup', backupConfig, (container) => ({
    cluster: spec.name,
    replica: container.name,
    tls: TLS,
    etcd: actingAccessOf(spec, secrets).etcd,
    repositories: repositoryPlaces(spec),
  }))
  write('controller', controllerConfig, (container) => ({
    ...common(container, PORTS.controller),
    ...controllerAccessOf(spec, secrets),
  }))
  return files
}

/** Of etcd and the container engines what controllers may touch. */
export const actingAccessOf = (spec: ClusterSpec, secrets: ClusterSecrets) => ({
  etcd: {
    endpoints: addressesOf(spec, 'etcd').map((address) => `https://${address}:${PORTS.etcdClient}`),
    user: 'controller',
    password: secrets.etcd.controller,
  },
  engine: {
    urls: containersOf(spec, 'engine-proxy').map(({ host, address }) => ({
      host,
      url: `https://${address}:${PORTS.engineProxy}`,
    })),
  },
})

/** The schedule of drills, when there is a runner for it. */
const drillsOf = (spec: ClusterSpec): z.input<typeof controllerConfig.shape.drills> => {
  const [runner] = containersOf(spec, 'drill')
  if (runner === undefined) return null
  const { schedule, scenarios } = spec.drills
  return { schedule, scenarios, runner: runner.name }
}

/** What a controller reaches, and as whom. */
const controllerAccessOf = (spec: ClusterSpec, secrets: ClusterSecrets) => ({
  observe: observeConfigOf(spec, secrets, TLS),
  ...actingAccessOf(spec, secrets),
  probe: {
    user: ROLES.probe.name,
    password: secrets.roles.probe.password,
    database: PLATFORM_DATABASE,
  },
  patroniRest: { user: secrets.patroniRest.username, password: secrets.patroniRest.password },
  pausing: pausingOf(spec, secrets),
  drills: drillsOf(spec),
  backups: backupsOf(spec),
})

/** Does what is archived arrive? Asked as often as backups of the default schedule are taken. */
const CHECK_SCHEDULE = 'hourly'

const backupsOf = (spec: ClusterSpec): z.input<typeof controllerConfig.shape.backups> => {
  const [runner] = containersOf(spec, 'backup')
  const [tester] = containersOf(spec, 'restore-test')
  if (runner === undefined || tester === undefined) return null
  const { full, incremental, restoreTest } = spec.backup
  const { schedule, tables } = restoreTest
  return {
    ...{ full, incremental, check: CHECK_SCHEDULE, runner: runner.name },
    restoreTest: { schedule, tables, runner: tester.name },
  }
}

/** A failover holds the same clients, as the same administrator, as planned work does. */
const pausingOf = (spec: ClusterSpec, secrets: ClusterSecrets) => {
  const { writeEntries, poolerAdmin } = plannedConfigOf(spec, secrets)
  return { writeEntries, poolerAdmin }
}

const llmOf = (
  spec: ClusterSpec,
  external: ExternalSecrets,
): z.input<typeof agentConfig.shape.llm> => {
  if (spec.llm.provider === 'builtin') return { provider: 'builtin' }
  const { baseUrl, model } = spec.llm
  return {
    provider: 'openai-compatible',
    baseUrl,
    model,
    ...(external.llmApiKey === undefined ? {} : { apiKey: external.llmApiKey }),
  }
}
