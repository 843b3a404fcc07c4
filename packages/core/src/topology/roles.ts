/** PostgreSQL roles and databases of the platform: who connects as whom, and to what. */

/** The platform's own database, and the schema of each service in it. */
export const PLATFORM_DATABASE = 'neurondb'
export const SCHEMAS = {
  agent: 'neurondb_agent',
  desktop: 'neurondb_desktop',
  drill: 'neurondb_drill',
} as const

/** Names that the poolers list; what stands behind each is in render/pgbouncer. */
export const POOLER_DATABASES = {
  /** The primary, in transaction mode. */
  write: 'neurondb',
  /** Standbys within the lag limit (the primary when there is none), in transaction mode. */
  read: 'neurondb_ro',
  /** SQL that a user typed: session mode, DISCARD ALL between clients, standbys or primary. */
  session: 'neurondb_sql',
} as const

/** PgBouncer's own admin console, by the name that one connects to. */
export const POOLER_CONSOLE = 'pgbouncer'

export interface PlatformRole {
  readonly name: string
  readonly purpose: string
  /** Pooler databases that this role may use; empty: it connects to members directly. */
  readonly poolerDatabases: readonly string[]
}

const { write, read, session } = POOLER_DATABASES

/** Logins that every cluster has. Each has its own generated password. */
export const ROLES = {
  superuser: {
    name: 'postgres',
    purpose: 'Patroni and the operator, by local socket',
    poolerDatabases: [],
  },
  replicator: {
    name: 'neuronha_replicator',
    purpose: 'streaming replication',
    poolerDatabases: [],
  },
  rewind: { name: 'neuronha_rewind', purpose: 'pg_rewind', poolerDatabases: [] },
  owner: {
    name: 'neurondb_owner',
    purpose: 'owns the platform’s schemas and runs migrations, through the routers',
    poolerDatabases: [],
  },
  agent: { name: 'neurondb_agent', purpose: 'NeuronAgent', poolerDatabases: [write, read] },
  desktop: {
    name: 'neurondb_desktop',
    purpose: 'NeuronDesktop API',
    poolerDatabases: [write, read],
  },
  controller: {
    name: 'neuronha_controller',
    purpose: 'observes members (pg_monitor)',
    poolerDatabases: [],
  },
  probe: {
    name: 'neuronha_probe',
    purpose: 'the controllers’ write probe: one row of its own, committed locally',
    poolerDatabases: [],
  },
  poolerStats: {
    name: 'neuronha_stats',
    purpose: 'reads the poolers’ admin console',
    poolerDatabases: [POOLER_CONSOLE],
  },
  poolerAdmin: {
    name: 'neuronha_pooler_admin',
    purpose: 'pauses and resumes the poolers while the primary changes',
    poolerDatabases: [POOLER_CONSOLE],
  },
  drill: {
    name: 'neurondb_drill',
    purpose: 'the ledger of drills',
    poolerDatabases: [write, read],
  },
  sql: {
    name: 'neurondb_sql',
    purpose: 'SQL that a user typed: reads public data, no rights on the platform’s schemas',
    poolerDatabases: [session],
  },
  reader: {
    name: 'neurondb_reader',
    purpose: 'a person who reads everything, changes nothing',
    poolerDatabases: [read],
  },
} as const satisfies Record<string, PlatformRole>

export type RoleKey = keyof typeof ROLES
export const ROLE_KEYS = Object.keys(ROLES) as readonly RoleKey[]

/** The pooler's name of a user database's read-only twin. */
export const readOnlyTwin = (database: string): string => `${database}_ro`
