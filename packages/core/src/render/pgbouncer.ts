/**
 * Each pooler's files: `pgbouncer.ini`, `userlist.txt` (verifiers, so that a login asks no database) and
 * `pgbouncer_hba.conf` (which role may use which pooler database). Clients and routers both speak mutual TLS.
 *
 * The verifiers are the very ones that PostgreSQL has, salt included: PgBouncer then logs in to the server with the
 * keys that a client's own login proved, and stretches no password. With passwords in the list it stretched one
 * at each login of a client and of a server; after a failover, when all of them come at once, that was half of its work.
 */
import { assertPresent } from '../assert-present.ts'
import type { ClusterSecrets } from '../secrets.ts'
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import { poolSizeOf } from '../spec/postgres-settings.ts'
import { PROFILES } from '../spec/profiles.ts'
import { actingContainers, containersOf, type Container } from '../topology/containers.ts'
import { gatewayAddressOf, hostRange } from '../topology/network.ts'
import { PORTS } from '../topology/ports.ts'
import {
  PLATFORM_DATABASE,
  POOLER_CONSOLE,
  POOLER_DATABASES,
  readOnlyTwin,
  ROLE_KEYS,
  ROLES,
} from '../topology/roles.ts'
import { userRoleNames } from '../topology/user-roles.ts'
import {
  CONFIG_DIR,
  header,
  plainFile,
  reloadable,
  secretFile,
  TLS_PATHS,
  type RenderedFile,
  type RenderedFiles,
} from './files.ts'

type Settings = Readonly<Record<string, string | number>>

/** What PgBouncer itself would do otherwise, or what suits this system better. */
const DEFAULTS: Settings = {
  client_login_timeout: 15,
  idle_transaction_timeout: 60,
  // Drivers send these at login; PgBouncer would refuse the connection.
  ignore_startup_parameters: 'extra_float_digits,search_path',
  log_connections: 0,
  log_disconnections: 0,
  max_prepared_statements: 200,
  server_check_delay: 10,
  server_idle_timeout: 300,
  // Connections that a failover left on one member spread again within this time.
  server_lifetime: 900,
  stats_period: 300,
}

const FORCED: Settings = {
  admin_users: ROLES.poolerAdmin.name,
  auth_file: `${CONFIG_DIR}/userlist.txt`,
  auth_hba_file: `${CONFIG_DIR}/pgbouncer_hba.conf`,
  auth_type: 'hba',
  client_tls_ca_file: TLS_PATHS.ca,
  client_tls_cert_file: TLS_PATHS.certificate,
  client_tls_key_file: TLS_PATHS.key,
  client_tls_protocols: 'secure',
  client_tls_sslmode: 'verify-full',
  listen_addr: '0.0.0.0',
  listen_port: PORTS.pooler,
  pool_mode: 'transaction',
  server_reset_query: 'DISCARD ALL',
  server_tls_ca_file: TLS_PATHS.ca,
  server_tls_cert_file: TLS_PATHS.certificate,
  server_tls_key_file: TLS_PATHS.key,
  server_tls_protocols: 'secure',
  // PgBouncer 1.24 would look for the whole list of hosts as one name in the certificate. What proves that the other
  // end is the database is SCRAM, which authenticates the server to the client too.
  server_tls_sslmode: 'verify-ca',
  stats_users: ROLES.poolerStats.name,
  tcp_keepalive: 1,
  tcp_keepcnt: 3,
  tcp_keepidle: 5,
  tcp_keepintvl: 2,
  tcp_user_timeout: 10_000,
  // For the dead-man loop of the container alone: without a `local` line in the access file the socket lets in nobody
  // but PgBouncer's own uid, and that one to the console only.
  unix_socket_dir: '/run',
  unix_socket_mode: '0700',
}

/** What the cluster file says. */
const givenSettings = (spec: ClusterSpec): Settings => {
  const { pooler } = spec.database
  const { serverConnectTimeout, serverLoginRetry, queryWaitTimeout } = PROFILES[spec.profile].pooler
  return {
    default_pool_size: poolSizeOf(spec),
    max_client_conn: pooler.maxClientConnections,
    max_db_connections: pooler.maxDbConnections,
    query_wait_timeout: queryWaitTimeout,
    server_connect_timeout: serverConnectTimeout,
    server_login_retry: serverLoginRetry,
  }
}

/** A value of the [databases] section, quoted as in a connection string. */
export const quoteConnectionValue = (value: string): string => `'${value.replaceAll("'", "''")}'`

/** A field of userlist.txt. */
export const quoteUserlist = (value: string): string => `"${value.replaceAll('"', '""')}"`

const userLine = (name: string, verifier: string): string =>
  `${quoteUserlist(name)} ${quoteUserlist(verifier)}`

/** Each pooler prefers another router, and stays with it until it fails: then the next one is tried. */
const routerList = (spec: ClusterSpec, { ordinal }: Container, avoid?: string): string => {
  const routers = containersOf(spec, 'router')
    .filter(({ name }) => name !== avoid)
    .map(({ address }) => address)
  const first = (ordinal - 1) % routers.length
  return [...routers.slice(first), ...routers.slice(0, first)].join(',')
}

interface PoolerDatabase {
  readonly name: string
  readonly target: string
  readonly port: number
  readonly extra?: string
}

/** The entries whose queries go to the primary: what a planned switchover holds. */
export const writeEntries = (spec: ClusterSpec): readonly string[] =>
  poolerDatabases(spec)
    .filter(({ port }) => port === PORTS.routerWrite)
    .map(({ name }) => name)

const poolerDatabases = (spec: ClusterSpec): readonly PoolerDatabase[] => {
  const { sessionPoolSize } = spec.database.pooler
  const session = `pool_mode=session pool_size=${sessionPoolSize} max_db_connections=${sessionPoolSize}`
  return [
    { name: POOLER_DATABASES.write, target: PLATFORM_DATABASE, port: PORTS.routerWrite },
    { name: POOLER_DATABASES.read, target: PLATFORM_DATABASE, port: PORTS.routerRead },
    {
      name: POOLER_DATABASES.session,
      target: PLATFORM_DATABASE,
      port: PORTS.routerReadAny,
      extra: session,
    },
    ...spec.database.databases.flatMap(({ name }) => [
      { name, target: name, port: PORTS.routerWrite },
      { name: readOnlyTwin(name), target: name, port: PORTS.routerRead },
    ]),
  ]
}

const databaseLine = (hosts: string, { name, target, port, extra }: PoolerDatabase): string =>
  [
    `${name} =`,
    `host=${quoteConnectionValue(hosts)}`,
    `load_balance_hosts=disable`,
    `port=${port}`,
    `dbname=${quoteConnectionValue(target)}`,
    ...(extra === undefined ? [] : [extra]),
  ].join(' ')

const byName = <T>([left]: readonly [string, T], [right]: readonly [string, T]): number =>
  left < right ? -1 : 1

const ini = (spec: ClusterSpec, pooler: Container, avoid?: string): string => {
  const hosts = routerList(spec, pooler, avoid)
  const settings = Object.entries({ ...DEFAULTS, ...givenSettings(spec), ...FORCED }).sort(byName)
  return [
    header('PgBouncer', ';'),
    '[databases]',
    ...poolerDatabases(spec).map((database) => databaseLine(hosts, database)),
    '',
    '[pgbouncer]',
    ...settings.map(([name, value]) => `${name} = ${value}`),
    '',
  ].join('\n')
}

interface Grant {
  readonly database: string
  readonly role: string
  readonly range: string
}

/** Role → pooler databases, from the table of roles and from the cluster file. */
const grants = (spec: ClusterSpec): readonly Grant[] => {
  const observers = [
    gatewayAddressOf(spec),
    ...actingContainers(spec).map(({ address }) => address),
  ].map(hostRange)
  // A published port brings clients from elsewhere; they still need a certificate and a password.
  const reach = spec.database.pooler.publishPort === null ? spec.network.subnet : '0.0.0.0/0'
  const platform = ROLE_KEYS.flatMap((key) => {
    const ordinary = key === 'reader' ? reach : spec.network.subnet
    return ROLES[key].poolerDatabases.flatMap((database) =>
      (database === POOLER_CONSOLE ? observers : [ordinary]).map((range) => ({
        database,
        role: ROLES[key].name,
        range,
      })),
    )
  })
  const own = spec.database.databases.flatMap(({ name, owner, readers }) => [
    { database: name, role: owner, range: reach },
    ...[owner, ...readers].map((role) => ({ database: readOnlyTwin(name), role, range: reach })),
  ])
  return [...platform, ...own]
}

const hba = (spec: ClusterSpec): string =>
  [
    header('PgBouncer access'),
    ...grants(spec).map(
      ({ database, role, range }) => `hostssl "${database}" "${role}" ${range} scram-sha-256`,
    ),
    '',
  ].join('\n')

const userlist = (spec: ClusterSpec, secrets: ClusterSecrets): string => {
  const platform = ROLE_KEYS.filter((key) => ROLES[key].poolerDatabases.length > 0).map((key) =>
    userLine(ROLES[key].name, secrets.roles[key].verifier),
  )
  const own = userRoleNames(spec).map((role) =>
    userLine(role, assertPresent(secrets.userRoles[role], `a verifier of ${role}`).verifier),
  )
  return [...platform, ...own, ''].join('\n')
}

/** What PgBouncer reads at its start only, or what its limit of open files is set by. */
const START_SETTINGS = /^(listen_|unix_socket_|client_tls_|server_tls_|max_client_conn$)/

const startPart = (spec: ClusterSpec): string =>
  JSON.stringify(
    Object.entries({ ...DEFAULTS, ...givenSettings(spec), ...FORCED })
      .filter(([name]) => START_SETTINGS.test(name))
      .sort(byName),
  )

/**
 * Poolers' settings that lead past one router, or past none. Reloaded, they move the connections away from it one
 * by one, each when its transaction has ended: nobody meets a router that has stopped listening.
 */
export function renderPoolerRoutes(spec: ClusterSpec, avoid?: string): RenderedFiles {
  return new Map(
    containersOf(spec, 'pooler').map((pooler) => [
      `${pooler.name}/pgbouncer.ini`,
      reloadable(plainFile(ini(spec, pooler, avoid)), startPart(spec)),
    ]),
  )
}

export function renderPgbouncer(spec: ClusterSpec, secrets: ClusterSecrets): RenderedFiles {
  const files = new Map<string, RenderedFile>(renderPoolerRoutes(spec))
  for (const pooler of containersOf(spec, 'pooler')) {
    files.set(`${pooler.name}/pgbouncer_hba.conf`, reloadable(plainFile(hba(spec))))
    files.set(`${pooler.name}/userlist.txt`, reloadable(secretFile(userlist(spec, secrets))))
  }
  return files
}
