/**
 * `pgbackrest.conf` of each member, when the cluster file names repositories. The stores' keys lie in files that the
 * cluster file points to; whoever read them hands them in, and they go to a secret file of their own.
 */
import type { ClusterSecrets } from '../secrets.ts'
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import { durationMsOf } from '../spec/quantities.ts'
import { containersOf } from '../topology/containers.ts'
import { PORTS } from '../topology/ports.ts'
import { ROLES } from '../topology/roles.ts'
import {
  CONFIG_DIR,
  header,
  plainFile,
  secretFile,
  type RenderedFile,
  type RenderedFiles,
} from './files.ts'

/** What opens one repository: read from the files that the cluster file names, in the same order. */
export interface RepositoryCredentials {
  readonly accessKey: string
  readonly secretKey: string
  /** Encrypts the backups themselves; without it they cannot be restored. */
  readonly cipherPass: string
  /** PEM, when the store's certificate is not signed by a public CA. */
  readonly caCertificate?: string
}

type Settings = Readonly<Record<string, string | number>>
type Repository = ClusterSpec['backup']['repositories'][number]

const DAY_MS = 86_400_000
const SECRETS_DIR = `${CONFIG_DIR}/pgbackrest.d`
const BASE = `pgbackrest --config=${CONFIG_DIR}/pgbackrest.conf --config-include-path=${SECRETS_DIR}`

const DEFAULTS: Settings = {
  'archive-async': 'y',
  'backup-standby': 'prefer',
  'compress-type': 'zst',
  delta: 'y',
  'process-max': 2,
  'start-fast': 'y',
}

const FORCED: Settings = {
  'lock-path': '/tmp/pgbackrest',
  'log-level-console': 'warn',
  'log-level-file': 'off',
  // On the data volume, because the root is read-only; outside pg_wal.
  'spool-path': '/var/lib/postgresql/pgbackrest-spool',
}

const repositoryPrefix = (index: number): string => `repo${index + 1}`
const caFile = (index: number): string => `${SECRETS_DIR}/${repositoryPrefix(index)}-ca.crt`

const repositorySettings = (spec: ClusterSpec, repository: Repository, index: number): Settings => {
  const settings: Settings = {
    block: 'y',
    bundle: 'y',
    'cipher-type': 'aes-256-cbc',
    path: repository.path,
    'retention-full': Math.max(1, Math.ceil(durationMsOf(spec.backup.retention.full) / DAY_MS)),
    'retention-full-type': 'time',
    's3-bucket': repository.bucket,
    's3-endpoint': repository.endpoint,
    's3-region': repository.region,
    's3-uri-style': repository.uriStyle,
    'storage-verify-tls': 'y',
    type: 's3',
    ...(repository.caFile === null ? {} : { 'storage-ca-file': caFile(index) }),
  }
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [`${repositoryPrefix(index)}-${name}`, value]),
  )
}

/** pgBackRest reads a value up to the end of its line. */
const settingLine = (name: string, value: string | number): string =>
  `${name}=${String(value).replaceAll(/[\r\n]+/g, ' ')}`

const iniSection = (title: string, settings: Settings): string =>
  [
    `[${title}]`,
    ...Object.entries(settings)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, value]) => settingLine(name, value)),
    '',
  ].join('\n')

const configuration = (spec: ClusterSpec): string => {
  const repositories = spec.backup.repositories.map((repository, index) =>
    repositorySettings(spec, repository, index),
  )
  return [
    header('pgBackRest'),
    iniSection('global', Object.assign({ ...DEFAULTS }, ...repositories, FORCED) as Settings),
    iniSection(spec.name, {
      'pg1-path': '/var/lib/postgresql/data',
      'pg1-port': PORTS.postgres,
      'pg1-socket-path': '/var/run/postgresql',
      'pg1-user': ROLES.superuser.name,
    }),
  ].join('\n')
}

const credentialSettings = (credentials: RepositoryCredentials, index: number): Settings => ({
  [`${repositoryPrefix(index)}-cipher-pass`]: credentials.cipherPass,
  [`${repositoryPrefix(index)}-s3-key`]: credentials.accessKey,
  [`${repositoryPrefix(index)}-s3-key-secret`]: credentials.secretKey,
})

/** archive_command and restore_command. */
export const archiveCommand = (
  spec: ClusterSpec,
  verb: 'archive-push' | 'archive-get' = 'archive-push',
): string =>
  `${BASE} --stanza=${spec.name} ${verb === 'archive-push' ? 'archive-push %p' : 'archive-get %f "%p"'}`

/** What Patroni runs to build a standby from the repository. */
export const restoreCommand = (spec: ClusterSpec): string =>
  `${BASE} --stanza=${spec.name} --delta restore`

export function renderPgbackrest(
  spec: ClusterSpec,
  _secrets: ClusterSecrets,
  credentials: readonly RepositoryCredentials[] = [],
): RenderedFiles {
  const files = new Map<string, RenderedFile>()
  if (spec.backup.repositories.length === 0) return files
  for (const { name } of containersOf(spec, 'member')) {
    files.set(`${name}/pgbackrest.conf`, plainFile(configuration(spec)))
    if (credentials.length === 0) continue
    const settings = Object.assign({}, ...credentials.map(credentialSettings)) as Settings
    files.set(`${name}/pgbackrest.d/repositories.conf`, secretFile(iniSection('global', settings)))
    credentials.forEach(({ caCertificate }, index) => {
      if (caCertificate === undefined) return
      files.set(`${name}/pgbackrest.d/repo${index + 1}-ca.crt`, plainFile(caCertificate))
    })
  }
  return files
}
