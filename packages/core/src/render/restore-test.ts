/**
 * What the restored copy of a restore test runs with, instead of the members' own configuration: nobody reaches it but the
 * test itself, through a socket of its container.
 */
import type { z } from 'zod'
import { restoreTestConfig } from '../config/processes.ts'
import { bytesOf } from '../spec/quantities.ts'
import { containersOf } from '../topology/containers.ts'
import { ROLES } from '../topology/roles.ts'
import {
  header,
  plainFile,
  secretFile,
  TLS_PATHS,
  type RenderedFile,
  type Renderer,
} from './files.ts'
import { actingAccessOf, repositoryPlaces } from './services.ts'

const MB = 1024 ** 2

/** A quarter of the container; the rest is for checks and the page cache. */
const sharedBuffersMb = (memory: string): number =>
  Math.max(32, Math.floor(bytesOf(memory) / 4 / MB))

const postgresqlConf = (memory: string): string =>
  `${header('PostgreSQL')}archive_mode = off
# The settings that a standby must have as large as its primary do not count for a copy that nobody reads meanwhile.
hot_standby = off
hba_file = '/etc/neuronha/pg_hba.conf'
ident_file = '/dev/null'
listen_addresses = ''
unix_socket_directories = '/run/postgresql'
logging_collector = off
log_min_messages = warning
shared_buffers = ${sharedBuffersMb(memory)}MB
shared_preload_libraries = ''
ssl = off
# It is thrown away: what a crash would lose is no loss.
fsync = off
synchronous_standby_names = ''
autovacuum = off
max_worker_processes = 8
max_prepared_transactions = 1000
`

export const renderRestoreTest: Renderer = (spec, secrets) => {
  const files = new Map<string, RenderedFile>()
  for (const { name, resources } of containersOf(spec, 'restore-test')) {
    const config = restoreTestConfig.parse({
      cluster: spec.name,
      replica: name,
      tls: {
        caFile: TLS_PATHS.ca,
        certificateFile: TLS_PATHS.certificate,
        keyFile: TLS_PATHS.key,
      },
      etcd: actingAccessOf(spec, secrets).etcd,
      repositories: repositoryPlaces(spec),
    } satisfies z.input<typeof restoreTestConfig>)
    files.set(`${name}/config.json`, secretFile(`${JSON.stringify(config, null, 2)}\n`))
    files.set(`${name}/postgresql.conf`, plainFile(postgresqlConf(resources.memory)))
    files.set(
      `${name}/pg_hba.conf`,
      plainFile(`${header('PostgreSQL')}local all "${ROLES.superuser.name}" trust\n`),
    )
  }
  return files
}
