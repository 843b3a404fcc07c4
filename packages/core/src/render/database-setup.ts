/**
 * The databases, roles and rights of a cluster as SQL. `up` feeds each script to psql on the primary, as superuser,
 * with ON_ERROR_STOP; running it again changes nothing. Passwords appear as SCRAM verifiers only.
 */
import { assertPresent } from '../assert-present.ts'
import type { ClusterSecrets } from '../secrets.ts'
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import { PLATFORM_DATABASE, ROLE_KEYS, ROLES, SCHEMAS, type RoleKey } from '../topology/roles.ts'
import { userRoleNames } from '../topology/user-roles.ts'
import { platformRights } from './database-rights.ts'
import { quoteIdentifier, quoteLiteral, unlessExists } from './sql.ts'

export interface DatabaseScript {
  readonly database: string
  readonly sql: string
}

const MAINTENANCE_DATABASE = 'postgres'

/** Patroni makes these two itself and knows their passwords; the superuser has none. */
const ROLES_OF_PATRONI: ReadonlySet<RoleKey> = new Set(['superuser', 'replicator', 'rewind'])
/** Exists in the poolers only. */
const ROLES_OF_POOLERS: ReadonlySet<RoleKey> = new Set(['poolerStats', 'poolerAdmin'])

type RoleSettings = Readonly<Record<string, string>>

const SERVICE_SETTINGS: RoleSettings = {
  statement_timeout: '30s',
  lock_timeout: '5s',
  idle_in_transaction_session_timeout: '15s',
}

/** What a session of each role starts with. */
const ROLE_SETTINGS: Partial<Readonly<Record<RoleKey, RoleSettings>>> = {
  owner: { lock_timeout: '10s', statement_timeout: '10min', search_path: 'public' },
  agent: { ...SERVICE_SETTINGS, search_path: `${SCHEMAS.agent}, public` },
  desktop: { ...SERVICE_SETTINGS, search_path: `${SCHEMAS.desktop}, public` },
  drill: { ...SERVICE_SETTINGS, search_path: SCHEMAS.drill },
  controller: {
    statement_timeout: '5s',
    lock_timeout: '250ms',
    idle_in_transaction_session_timeout: '5s',
  },
  // A synchronous probe would hang when no standby is left, and fencing is the worst move then.
  probe: { synchronous_commit: 'local', lock_timeout: '250ms', statement_timeout: '5s' },
  sql: {
    default_transaction_read_only: 'on',
    idle_in_transaction_session_timeout: '15s',
    idle_session_timeout: '5min',
    lock_timeout: '2s',
    search_path: 'public',
    statement_timeout: '15s',
    temp_file_limit: '256MB',
  },
  reader: {
    default_transaction_read_only: 'on',
    idle_in_transaction_session_timeout: '60s',
    lock_timeout: '2s',
    statement_timeout: '60s',
  },
}

/** Lists of names are not quoted as one string. */
const settingValue = (name: string, value: string): string =>
  name === 'search_path' ? value.split(', ').map(quoteIdentifier).join(', ') : quoteLiteral(value)

const roleStatements = (
  name: string,
  verifier: string,
  settings: RoleSettings = {},
): readonly string[] => {
  const role = quoteIdentifier(name)
  return [
    unlessExists(
      `CREATE ROLE ${role}`,
      `SELECT FROM pg_roles WHERE rolname = ${quoteLiteral(name)}`,
    ),
    `ALTER ROLE ${role} WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD ${quoteLiteral(verifier)};`,
    // In one transaction, so that no session begins without its time limits.
    `BEGIN;`,
    `ALTER ROLE ${role} RESET ALL;`,
    ...Object.entries(settings)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, value]) => `ALTER ROLE ${role} SET ${key} = ${settingValue(key, value)};`),
    `COMMIT;`,
  ]
}

const databaseStatements = (
  name: string,
  owner: string,
  others: readonly string[],
): readonly string[] => {
  const database = quoteIdentifier(name)
  return [
    unlessExists(
      `CREATE DATABASE ${database} OWNER ${quoteIdentifier(owner)}`,
      `SELECT FROM pg_database WHERE datname = ${quoteLiteral(name)}`,
    ),
    `ALTER DATABASE ${database} OWNER TO ${quoteIdentifier(owner)};`,
    `REVOKE ALL ON DATABASE ${database} FROM PUBLIC;`,
    ...others.map((role) => `GRANT CONNECT ON DATABASE ${database} TO ${quoteIdentifier(role)};`),
  ]
}

const platformRoleKeys = ROLE_KEYS.filter(
  (key) => !ROLES_OF_PATRONI.has(key) && !ROLES_OF_POOLERS.has(key),
)

const rolesAndDatabases = (spec: ClusterSpec, secrets: ClusterSecrets): readonly string[] => [
  ...platformRoleKeys.flatMap((key) =>
    roleStatements(ROLES[key].name, secrets.roles[key].verifier, ROLE_SETTINGS[key]),
  ),
  ...userRoleNames(spec).flatMap((role) =>
    roleStatements(role, assertPresent(secrets.userRoles[role], `a verifier of ${role}`).verifier),
  ),
  // pg_checkpoint: a planned switchover empties the buffers before it stops anybody.
  `GRANT pg_monitor, pg_checkpoint TO ${quoteIdentifier(ROLES.controller.name)};`,
  // A cluster that is out of connections is not hung: those who watch still get in.
  ...[ROLES.controller.name, ROLES.probe.name].map(
    (role) => `GRANT pg_use_reserved_connections TO ${quoteIdentifier(role)};`,
  ),
  ...databaseStatements(
    PLATFORM_DATABASE,
    ROLES.owner.name,
    platformRoleKeys.filter((key) => key !== 'owner').map((key) => ROLES[key].name),
  ),
  ...spec.database.databases.flatMap(({ name, owner, readers }) =>
    databaseStatements(name, owner, readers),
  ),
  `REVOKE ALL ON DATABASE ${quoteIdentifier(MAINTENANCE_DATABASE)} FROM PUBLIC;`,
  `GRANT CONNECT ON DATABASE ${quoteIdentifier(MAINTENANCE_DATABASE)} TO ${quoteIdentifier(ROLES.rewind.name)};`,
]

const extensionStatements = (names: readonly string[]): readonly string[] =>
  [...new Set(names)]
    .sort()
    .map((name) => `CREATE EXTENSION IF NOT EXISTS ${quoteIdentifier(name)};`)

/** The owner may do everything in a user's database; its readers read what the owner makes, in any schema. */
const userDatabaseStatements = (
  owner: string,
  readers: readonly string[],
  extensions: readonly string[],
): readonly string[] => {
  const ownerName = quoteIdentifier(owner)
  return [
    ...extensionStatements(extensions),
    `ALTER SCHEMA public OWNER TO ${ownerName};`,
    `REVOKE ALL ON SCHEMA public FROM PUBLIC;`,
    ...readers
      .map(quoteIdentifier)
      .flatMap((reader) => [
        `GRANT USAGE ON SCHEMA public TO ${reader};`,
        `GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${reader};`,
        `ALTER DEFAULT PRIVILEGES FOR ROLE ${ownerName} GRANT USAGE ON SCHEMAS TO ${reader};`,
        `ALTER DEFAULT PRIVILEGES FOR ROLE ${ownerName} GRANT SELECT ON TABLES TO ${reader};`,
      ]),
  ]
}

const PREAMBLE = [
  '-- Databases, roles and rights of a NeuronHA cluster. Running it again changes nothing.',
  'SET client_min_messages = warning;',
  // Verifiers are no passwords, but they need not be in a log either.
  'SET log_min_error_statement = panic;',
]

const script = (database: string, statements: readonly string[]): DatabaseScript => ({
  database,
  sql: [...PREAMBLE, ...statements, ''].join('\n'),
})

/** In the order in which they are run. */
export const renderDatabaseSetup = (
  spec: ClusterSpec,
  secrets: ClusterSecrets,
): readonly DatabaseScript[] => [
  script(MAINTENANCE_DATABASE, rolesAndDatabases(spec, secrets)),
  script(PLATFORM_DATABASE, [
    ...extensionStatements(spec.database.extensions),
    ...platformRights(),
  ]),
  ...spec.database.databases.map(({ name, owner, readers, extensions }) =>
    script(name, userDatabaseStatements(owner, readers, extensions)),
  ),
]
