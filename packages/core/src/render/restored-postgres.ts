/**
 * What a restored copy of the database runs with, instead of the members' own configuration: nobody reaches it but whoever
 * restores it, through a socket of its container.
 */
import type { PostgresParameters } from '../spec/postgres-settings.ts'
import { bytesOf } from '../spec/quantities.ts'
import { ROLES } from '../topology/roles.ts'
import { CONFIG_DIR, header, plainFile, type RenderedFile, type RenderedFiles } from './files.ts'

const MB = 1024 ** 2

/** A quarter of the container; the rest is for checks and the page cache. */
const sharedBuffersMb = (memory: string): number =>
  Math.max(32, Math.floor(bytesOf(memory) / 4 / MB))

export interface RestoredPostgresOptions {
  /** Of its container. */
  readonly memory: string
  /** Where the WAL of its own new timeline goes; null: nowhere. */
  readonly archiveCommand: string | null
  /** Of the cluster that it becomes, since PostgreSQL notes them in its files; null: it is thrown away. */
  readonly becomes: PostgresParameters | null
}

/** Whatever its WAL may want of a copy that nobody knows. */
const ROOMY: PostgresParameters = { max_prepared_transactions: 1000, max_worker_processes: 8 }

const settings = ({ memory, archiveCommand, becomes }: RestoredPostgresOptions): string =>
  `${header('PostgreSQL')}${assignments(becomes ?? ROOMY)}
${archiving(archiveCommand)}
# The settings that a standby must have as large as its primary do not count for a copy that nobody reads meanwhile.
hot_standby = off
hba_file = '${CONFIG_DIR}/pg_hba.conf'
ident_file = '/dev/null'
listen_addresses = ''
unix_socket_directories = '/run/postgresql'
logging_collector = off
log_min_messages = warning
shared_buffers = ${sharedBuffersMb(memory)}MB
shared_preload_libraries = ''
ssl = off
${becomes === null ? '# It is thrown away: what a crash would lose is no loss.\nfsync = off\n' : ''}synchronous_standby_names = ''
autovacuum = off
`

const assignments = (parameters: PostgresParameters): string =>
  Object.entries(parameters)
    .map(([name, value]) => `${name} = '${String(value).replaceAll("'", "''")}'`)
    .join('\n')

const archiving = (command: string | null): string =>
  command === null
    ? 'archive_mode = off'
    : `archive_mode = on\narchive_command = '${command.replaceAll("'", "''")}'`

/** `postgresql.conf` and `pg_hba.conf` of one folder. */
export const renderRestoredPostgres = (
  folder: string,
  options: RestoredPostgresOptions,
): RenderedFiles =>
  new Map<string, RenderedFile>([
    [`${folder}/postgresql.conf`, plainFile(settings(options))],
    [
      `${folder}/pg_hba.conf`,
      plainFile(`${header('PostgreSQL')}local all "${ROLES.superuser.name}" trust\n`),
    ],
  ])
