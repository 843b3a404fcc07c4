/**
 * PostgreSQL's settings: DEFAULTS that a cluster file may change, what it says itself, and what is FORCED because a
 * promise of the platform hangs on it. `postgresParameters` merges the three; validation refuses a forced name in
 * the cluster file, so that nothing is dropped silently.
 */
import { MOST_MEMBERS, type ClusterSpec } from './cluster-spec.ts'
import { bytesOf } from './quantities.ts'

export type ParameterValue = string | number
export type PostgresParameters = Readonly<Record<string, ParameterValue>>

const MB = 1024 ** 2
const GB = 1024 ** 3

/** Connections beside the poolers' own: Patroni, migrations, controllers, the operator, the superuser's reserve. */
export const RESERVED_CONNECTIONS = 20

/**
 * Connections that one member must accept at worst: every pooler full, and with all standbys gone the read pools
 * and the session pool land on the primary too.
 */
export const neededConnections = (spec: ClusterSpec): number => {
  const { pooler, databases } = spec.database
  const perPooler = pooler.maxDbConnections * 2 * (1 + databases.length) + pooler.sessionPoolSize
  return perPooler * pooler.replicas + RESERVED_CONNECTIONS
}

/** Server connections of one pool: the cluster file's, or what a member's processors can keep busy. */
export const poolSizeOf = ({ database }: ClusterSpec): number => {
  const { defaultPoolSize, maxDbConnections } = database.pooler
  const busy = Math.max(8, Math.ceil(database.resources.cpus * 4))
  return defaultPoolSize ?? Math.min(busy, maxDbConnections)
}

/** max_connections: the cluster file's, or what the poolers may need. */
export const maxConnectionsOf = (spec: ClusterSpec): number => {
  const given = Number(spec.database.parameters['max_connections'] ?? Number.NaN)
  return Number.isFinite(given) ? given : Math.max(100, neededConnections(spec))
}

const clamp = (value: number, least: number, most: number): number =>
  Math.min(Math.max(value, least), most)

const megabytes = (bytes: number): string => `${Math.floor(bytes / MB)}MB`

/** Memory settings that follow from the container's limit. */
export const postgresMemory = (spec: ClusterSpec): PostgresParameters => {
  const memory = bytesOf(spec.database.resources.memory)
  // Not every connection sorts at once, and a sort may use its share several times: a quarter of the memory for
  // a quarter of the connections.
  const workMemory = memory / 4 / (maxConnectionsOf(spec) / 4)
  return {
    shared_buffers: megabytes(clamp(memory / 4, 64 * MB, 32 * GB)),
    effective_cache_size: megabytes((memory * 3) / 4),
    maintenance_work_mem: megabytes(clamp(memory / 16, 32 * MB, 2 * GB)),
    work_mem: megabytes(clamp(workMemory, 4 * MB, 64 * MB)),
  }
}

const postgresParallelism = (spec: ClusterSpec): PostgresParameters => {
  const cores = Math.max(1, Math.ceil(spec.database.resources.cpus))
  return {
    max_parallel_workers: cores,
    max_parallel_workers_per_gather: Math.min(2, cores - 1),
    max_worker_processes: 8 + cores,
  }
}

/** What a cluster file may change. */
const defaultParameters = (spec: ClusterSpec): PostgresParameters => ({
  ...postgresMemory(spec),
  ...postgresParallelism(spec),
  max_connections: maxConnectionsOf(spec),
  // Each standby needs one; a base backup two; an operator's pg_receivewal and a rewinding member some more. For as many
  // members as a file may have, since a change restarts PostgreSQL and another member must not cost that.
  max_replication_slots: MOST_MEMBERS + 6,
  max_wal_senders: MOST_MEMBERS + 8,
  wal_level: 'replica',
  // Kept beyond the slots' need, so that pg_rewind finds the WAL back to the fork.
  wal_keep_size: '256MB',
  wal_compression: 'lz4',
  max_wal_size: '1GB',
  min_wal_size: '128MB',
  checkpoint_timeout: '5min',
  checkpoint_completion_target: '0.9',
  // A long read on a standby neither dies of a vacuum nor holds back replay for long.
  hot_standby_feedback: 'on',
  max_standby_streaming_delay: '5s',
  random_page_cost: '1.1',
  effective_io_concurrency: 100,
  autovacuum_naptime: '30s',
  log_line_prefix: '%m [%p] %q%u@%d %h ',
  log_lock_waits: 'on',
  log_min_duration_statement: '1s',
  log_timezone: 'UTC',
  timezone: 'UTC',
  track_io_timing: 'on',
})

interface ForcedParameter {
  readonly value: ParameterValue
  readonly reason: string
}

const forced = (value: ParameterValue, reason: string): ForcedParameter => ({ value, reason })

const VANISHED = 'a vanished host must be noticed within seconds'
const DURABLE = 'an acknowledged write must survive'
const TLS = 'connections are encrypted with the cluster’s certificates'

/** What no cluster file may change, with the value. */
const FORCED: Readonly<Record<string, ForcedParameter>> = {
  client_connection_check_interval: forced('2s', 'a query whose client died must end'),
  fsync: forced('on', DURABLE),
  full_page_writes: forced('on', DURABLE),
  hot_standby: forced('on', 'standbys serve reads'),
  idle_in_transaction_session_timeout: forced(
    '60s',
    'an idle transaction holds locks and stops a switchover',
  ),
  max_slot_wal_keep_size: forced('4GB', 'a standby that is gone must not fill the primary’s disk'),
  password_encryption: forced('scram-sha-256', 'passwords are SCRAM everywhere'),
  recovery_min_apply_delay: forced(0, 'a standby that lags on purpose cannot take over'),
  reserved_connections: forced(6, 'those who watch a full database must still get in'),
  restart_after_crash: forced(
    'off',
    'after a crashed session a standby is there sooner than the end of a recovery in place',
  ),
  ssl: forced('on', TLS),
  ssl_min_protocol_version: forced('TLSv1.2', TLS),
  synchronous_commit: forced('on', DURABLE),
  tcp_keepalives_count: forced(3, VANISHED),
  tcp_keepalives_idle: forced(5, VANISHED),
  tcp_keepalives_interval: forced(2, VANISHED),
  tcp_user_timeout: forced('10s', VANISHED),
  unix_socket_directories: forced('/var/run/postgresql', 'Patroni and the operator connect there'),
  wal_log_hints: forced('on', 'pg_rewind brings an old primary back'),
  wal_receiver_status_interval: forced('1s', 'lag is judged by the second'),
  wal_receiver_timeout: forced('10s', VANISHED),
  wal_retrieve_retry_interval: forced(
    '1s',
    'commits wait for a standby, so those must be back soon after the primary restarted in place; each try costs a process',
  ),
  wal_sender_timeout: forced('10s', VANISHED),
}

/** Set by Patroni, by the backup section or by the certificates' place; a value here would fight with theirs. */
const MANAGED: Readonly<Record<string, string>> = Object.fromEntries([
  ...[
    'cluster_name',
    'config_file',
    'data_directory',
    'external_pid_file',
    'hba_file',
    'ident_file',
    'listen_addresses',
    'port',
    'primary_conninfo',
    'primary_slot_name',
    'recovery_target_timeline',
    'synchronous_standby_names',
  ].map((name) => [name, 'Patroni sets it on each member']),
  ...[
    'archive_cleanup_command',
    'archive_command',
    'archive_library',
    'archive_mode',
    'archive_timeout',
    'restore_command',
  ].map((name) => [name, 'archiving follows from backup.repositories']),
  ...['ssl_ca_file', 'ssl_cert_file', 'ssl_crl_dir', 'ssl_crl_file', 'ssl_key_file'].map((name) => [
    name,
    TLS,
  ]),
]) as Record<string, string>

/** Every name that a cluster file may not set, with the reason. Names are lower case, as PostgreSQL ignores case. */
export const FORCED_POSTGRES_PARAMETERS: Readonly<Record<string, string>> = {
  ...MANAGED,
  ...Object.fromEntries(Object.entries(FORCED).map(([name, { reason }]) => [name, reason])),
}

/** Patroni takes these from its configuration in etcd only, since all members must agree on them. */
const CLUSTER_WIDE: ReadonlySet<string> = new Set([
  'hot_standby',
  'max_connections',
  'max_locks_per_transaction',
  'max_prepared_transactions',
  'max_replication_slots',
  'max_wal_senders',
  'max_worker_processes',
  'track_commit_timestamp',
  'wal_keep_size',
  'wal_level',
  'wal_log_hints',
])

const textOf = (value: string | number | boolean): ParameterValue => {
  if (typeof value !== 'boolean') return value
  return value ? 'on' : 'off'
}

export interface PostgresSettings {
  /** For Patroni's configuration in etcd. */
  readonly clusterWide: PostgresParameters
  /** For each member's own file: a re-render and a reload apply them. */
  readonly local: PostgresParameters
}

/** The three tables merged; forced wins. */
export const postgresParameters = (spec: ClusterSpec): PostgresSettings => {
  const given = Object.entries(spec.database.parameters).map(
    ([name, value]) => [name.toLowerCase(), textOf(value)] as const,
  )
  const merged: PostgresParameters = {
    ...defaultParameters(spec),
    ...Object.fromEntries(given.filter(([name]) => !(name in MANAGED))),
    ...Object.fromEntries(Object.entries(FORCED).map(([name, { value }]) => [name, value])),
  }
  const pick = (isClusterWide: boolean): PostgresParameters =>
    Object.fromEntries(
      Object.entries(merged).filter(([name]) => CLUSTER_WIDE.has(name) === isClusterWide),
    )
  return { clusterWide: pick(true), local: pick(false) }
}
