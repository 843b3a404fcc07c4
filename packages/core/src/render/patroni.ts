/** `patroni.yml` of each member, and the part of Patroni's configuration that lives in etcd. */
import type { ClusterSecrets, RoleSecret } from '../secrets.ts'
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import { postgresParameters, type PostgresParameters } from '../spec/postgres-settings.ts'
import { durationMsOf } from '../spec/quantities.ts'
import { needsRestart } from '../spec/restart-settings.ts'
import { PROFILES } from '../spec/profiles.ts'
import {
  actingContainers,
  addressesOf,
  containersOf,
  type Container,
} from '../topology/containers.ts'
import { gatewayAddressOf, hostRange } from '../topology/network.ts'
import { PORTS } from '../topology/ports.ts'
import { ROLES } from '../topology/roles.ts'
import { ETCD_USERS } from './etcd-auth.ts'
import { header, reloadable, secretFile, TLS_PATHS, type RenderedFiles } from './files.ts'
import { archiveCommand } from './pgbackrest.ts'
import { renderPgHba, renderPgIdent } from './postgres-hba.ts'
import { toYaml } from './yaml.ts'

export const PATRONI_NAMESPACE = '/service/'
/** Where a member's volume is. */
export const MEMBER_VOLUME_DIR = '/var/lib/postgresql'
export const POSTGRES_DATA_DIR = `${MEMBER_VOLUME_DIR}/data`

const MB = 1024 ** 2

/** Bulk loads outrun the position that Patroni last published; quorum commit, not this limit, protects the data. */
const MAXIMUM_LAG_ON_FAILOVER_BYTES = 128 * MB

const hasBackups = (spec: ClusterSpec): boolean => spec.backup.repositories.length > 0

const isSynchronous = (spec: ClusterSpec): boolean =>
  spec.database.syncStandbys > 0 && spec.database.members > 1

/**
 * What all members must agree on: Patroni keeps it in etcd. `patroni.yml` carries it for the first start only;
 * later changes go to a running cluster as `PATCH /config` of this very object.
 */
export const patroniDynamicConfig = (spec: ClusterSpec) => {
  const timing = spec.timing ?? PROFILES[spec.profile].patroni
  const synchronous = isSynchronous(spec)
  return {
    check_timeline: true,
    failsafe_mode: true,
    loop_wait: timing.loopWait,
    maximum_lag_on_failover: MAXIMUM_LAG_ON_FAILOVER_BYTES,
    postgresql: {
      parameters: postgresParameters(spec).clusterWide,
      use_pg_rewind: true,
      use_slots: true,
    },
    // A crashed primary fails over at once instead of being given time to recover.
    primary_start_timeout: 0,
    retry_timeout: timing.retryTimeout,
    synchronous_mode: synchronous ? 'quorum' : false,
    synchronous_mode_strict: synchronous && spec.protection === 'zero-loss',
    synchronous_node_count: Math.max(1, spec.database.syncStandbys),
    ttl: timing.ttl,
  } as const
}

/** A segment is closed so much before it is as old as the promise: it has to be sent, and to be noticed, too. */
const CLOSED_AFTER = 5 / 6

const archiveSecondsOf = ({ backup }: ClusterSpec): number =>
  Math.max(1, Math.floor((durationMsOf(backup.rpo) / 1000) * CLOSED_AFTER))

/** Archiving is on even without a repository: switching it on later would restart every member. */
const archiveParameters = (spec: ClusterSpec): PostgresParameters => ({
  archive_mode: 'on',
  archive_command: hasBackups(spec) ? archiveCommand(spec) : '/bin/true',
  archive_timeout: hasBackups(spec) ? `${archiveSecondsOf(spec)}s` : 0,
})

const TLS_PARAMETERS: PostgresParameters = {
  ssl_ca_file: TLS_PATHS.ca,
  ssl_cert_file: TLS_PATHS.certificate,
  ssl_key_file: TLS_PATHS.key,
}

/** How a member reaches another: password, own certificate, and the other's certificate checked by its address. */
const peerLogin = (role: { readonly name: string }, secret: RoleSecret) => ({
  username: role.name,
  password: secret.password,
  sslmode: 'verify-full',
  sslrootcert: TLS_PATHS.ca,
  sslcert: TLS_PATHS.certificate,
  sslkey: TLS_PATHS.key,
})

const bootstrap = (spec: ClusterSpec) => ({
  dcs: patroniDynamicConfig(spec),
  // PostgreSQL's own C.UTF-8: sorts by code point on every machine, so no library upgrade corrupts an index.
  initdb: [
    'data-checksums',
    { encoding: 'UTF8' },
    { locale: 'C.UTF-8' },
    { 'locale-provider': 'builtin' },
    { 'builtin-locale': 'C.UTF-8' },
  ],
})

const etcd3 = (spec: ClusterSpec, secrets: ClusterSecrets) => ({
  hosts: addressesOf(spec, 'etcd').map((address) => `${address}:${PORTS.etcdClient}`),
  protocol: 'https',
  cacert: TLS_PATHS.ca,
  cert: TLS_PATHS.certificate,
  key: TLS_PATHS.key,
  username: ETCD_USERS.patroni,
  password: secrets.etcd.patroni,
})

const restapi = (spec: ClusterSpec, { patroniRest }: ClusterSecrets, { address }: Container) => ({
  listen: `0.0.0.0:${PORTS.patroni}`,
  connect_address: `${address}:${PORTS.patroni}`,
  certfile: TLS_PATHS.certificate,
  keyfile: TLS_PATHS.key,
  cafile: TLS_PATHS.ca,
  // Whatever is not a GET needs a certificate of the cluster's CA, this password, and one of these addresses. The members
  // are spelt out: without etcd nobody may look them up there, and then the primary's `POST /failsafe` was refused.
  verify_client: 'optional',
  authentication: { username: patroniRest.username, password: patroniRest.password },
  allowlist: [
    gatewayAddressOf(spec),
    ...actingContainers(spec).map(({ address }) => address),
    ...addressesOf(spec, 'member'),
  ].map(hostRange),
})

const postgresql = (spec: ClusterSpec, secrets: ClusterSecrets, { address }: Container) => ({
  basebackup: [{ checkpoint: 'fast' }],
  // No restore_command: PostgreSQL would ask the archive before each stream, and again while it is promoted. What a
  // standby needs is kept by its slot.
  create_replica_methods: ['basebackup'],
  authentication: {
    superuser: { username: ROLES.superuser.name },
    replication: peerLogin(ROLES.replicator, secrets.roles.replicator),
    rewind: peerLogin(ROLES.rewind, secrets.roles.rewind),
  },
  bin_dir: `/usr/lib/postgresql/${spec.database.version}/bin`,
  connect_address: `${address}:${PORTS.postgres}`,
  data_dir: POSTGRES_DATA_DIR,
  listen: `0.0.0.0:${PORTS.postgres}`,
  parameters: {
    ...postgresParameters(spec).local,
    ...TLS_PARAMETERS,
    ...archiveParameters(spec),
  },
  pg_hba: renderPgHba(spec),
  pg_ident: renderPgIdent(),
  pgpass: '/tmp/pgpass',
  remove_data_directory_on_diverged_timelines: false,
  remove_data_directory_on_rewind_failure: true,
  use_unix_socket: true,
  use_unix_socket_repl: true,
})

const memberConfig = (spec: ClusterSpec, secrets: ClusterSecrets, member: Container) => ({
  scope: spec.name,
  namespace: PATRONI_NAMESPACE,
  name: member.name,
  bootstrap: bootstrap(spec),
  // Patroni's own calls to other members: switchover, failsafe, the leader race.
  ctl: { cacert: TLS_PATHS.ca, certfile: TLS_PATHS.certificate, keyfile: TLS_PATHS.key },
  etcd3: etcd3(spec, secrets),
  log: { level: 'INFO' },
  postgresql: postgresql(spec, secrets, member),
  restapi: restapi(spec, secrets, member),
  tags: { clonefrom: true },
  watchdog: { mode: 'off' },
})

/**
 * What of a member's configuration only a restart takes up. Who may connect, tags and most settings are reloaded; what
 * all members share is in etcd by now, except that PostgreSQL itself must restart for some of it.
 */
const startPart = (spec: ClusterSpec, config: ReturnType<typeof memberConfig>): string => {
  const { postgresql, restapi: api } = config
  const settings = { ...postgresParameters(spec).clusterWide, ...postgresql.parameters }
  return JSON.stringify({
    ...without(config, ['bootstrap', 'log', 'tags']),
    restapi: without(api, ['allowlist']),
    postgresql: {
      ...without(postgresql, ['pg_hba', 'pg_ident']),
      parameters: Object.fromEntries(
        Object.entries(settings).filter(([name]) => needsRestart(name)),
      ),
    },
  })
}

const without = (part: object, names: readonly string[]): object =>
  Object.fromEntries(Object.entries(part).filter(([name]) => !names.includes(name)))

export function renderPatroni(spec: ClusterSpec, secrets: ClusterSecrets): RenderedFiles {
  return new Map(
    containersOf(spec, 'member').map((member) => {
      const config = memberConfig(spec, secrets, member)
      const file = secretFile(header('Patroni') + toYaml(config))
      return [`${member.name}/patroni.yml`, reloadable(file, startPart(spec, config))] as const
    }),
  )
}
