/**
 * The folder of the process that restores a whole cluster: which backups, up to when, and how Patroni of the new cluster
 * logs in. It reads the repositories of the cluster that the backups are of, and writes into the first member's volume of the
 * new one, which may be the same cluster come back.
 */
import type { z } from 'zod'
import { restoreConfig, type RestoreObjectsConfig } from '../config/processes.ts'
import type { RestoreOrder } from '../contracts/restore.ts'
import type { ClusterSecrets } from '../secrets.ts'
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import { postgresParameters } from '../spec/postgres-settings.ts'
import { ROLES } from '../topology/roles.ts'
import { plainFile, secretFile, type RenderedFile, type RenderedFiles } from './files.ts'
import { POSTGRES_DATA_DIR } from './patroni.ts'
import { archiveCommand, renderRestoreAccess, type RepositoryCredentials } from './pgbackrest.ts'
import { renderRestoredPostgres } from './restored-postgres.ts'
import { quoteIdentifier, quoteLiteral, unlessExists } from './sql.ts'

/** Its name in the engine is `<cluster>-<this>-1`. */
export const RESTORE_COMPONENT = 'restore' as const

export interface RestoreSides {
  /** Whose backups. */
  readonly source: {
    readonly spec: ClusterSpec
    readonly secrets: Pick<ClusterSecrets, 'backup' | 'ca'>
  }
  /** Of the source's repositories, in their order. */
  readonly credentials?: readonly (RepositoryCredentials | undefined)[] | undefined
  /** Where they go. */
  readonly target: { readonly spec: ClusterSpec; readonly secrets: Pick<ClusterSecrets, 'roles'> }
}

/** What reads the repositories of a cluster: their places, their keys, and whose certificate a trial store has. */
export function renderRepositoryAccess(
  folder: string,
  { source, credentials, target }: RestoreSides,
  path?: string,
): RenderedFiles {
  const { cpus } = target.spec.database.resources
  const options = { cpus, credentials, ...(path === undefined ? {} : { path }) }
  return new Map<string, RenderedFile>([
    ...renderRestoreAccess(folder, source.spec, source.secrets, options),
    [`${folder}/tls/ca.crt`, plainFile(source.secrets.ca.certificate)],
  ])
}

export function renderRestore(
  folder: string,
  { repository, backup, target: until, resumes }: RestoreOrder,
  sides: RestoreSides,
): RenderedFiles {
  const { source, target } = sides
  const config = restoreConfig.parse({
    stanza: source.spec.name,
    ...{ repository, backup, target: until, resumes },
  } satisfies z.input<typeof restoreConfig>)
  const comesBack = source.spec.name === target.spec.name
  return new Map<string, RenderedFile>([
    ...renderRepositoryAccess(folder, sides, resumes ? POSTGRES_DATA_DIR : undefined),
    ...renderRestoredPostgres(folder, {
      memory: target.spec.database.resources.memory,
      // The history of a cluster that comes back goes on without a hole; a copy has a history of its own.
      archiveCommand: comesBack ? archiveCommand(source.spec) : null,
      becomes: postgresParameters(target.spec).clusterWide,
    }),
    [`${folder}/logins.sql`, secretFile(loginsSql(target.secrets))],
    [`${folder}/config.json`, plainFile(`${JSON.stringify(config, null, 2)}\n`)],
  ])
}

/** The folder of the process that takes tables out of a copy, which is thrown away: whose backups, up to when, and what. */
export function renderRestoreObjects(
  folder: string,
  wanted: Omit<RestoreObjectsConfig, 'stanza'>,
  sides: RestoreSides,
): RenderedFiles {
  const { source, target } = sides
  const config: RestoreObjectsConfig = { stanza: source.spec.name, ...wanted }
  return new Map<string, RenderedFile>([
    ...renderRepositoryAccess(folder, sides),
    ...renderRestoredPostgres(folder, {
      memory: target.spec.database.resources.memory,
      archiveCommand: null,
      becomes: null,
    }),
    [`${folder}/config.json`, plainFile(`${JSON.stringify(config, null, 2)}\n`)],
  ])
}

/** Patroni sets these passwords where it makes a database; here it meets one that is there. */
const loginsSql = ({ roles }: Pick<ClusterSecrets, 'roles'>): string =>
  [
    // Verifiers are no passwords, but they need not be in a log either.
    'SET log_min_error_statement = panic;',
    ...loginStatements(ROLES.replicator.name, roles.replicator.verifier, 'REPLICATION'),
    ...loginStatements(ROLES.rewind.name, roles.rewind.verifier, 'NOREPLICATION'),
    '',
  ].join('\n')

const loginStatements = (name: string, verifier: string, right: string): readonly string[] => [
  unlessExists(
    `CREATE ROLE ${quoteIdentifier(name)}`,
    `SELECT FROM pg_roles WHERE rolname = ${quoteLiteral(name)}`,
  ),
  `ALTER ROLE ${quoteIdentifier(name)} WITH LOGIN ${right} PASSWORD ${quoteLiteral(verifier)};`,
]
