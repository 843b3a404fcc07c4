/**
 * `pgbackrest.conf`: of each member, which archives its WAL by itself, and of the runner of backups, which reaches the
 * members through pgBackRest's own TLS server. Keys and the cipher's passphrase are in a secret file of their own.
 */
import type { ClusterSecrets } from '../secrets.ts'
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import { bytesOf, durationMsOf } from '../spec/quantities.ts'
import { PGBACKREST_CLIENT } from '../topology/certificates.ts'
import { containersOf, type Container } from '../topology/containers.ts'
import { PORTS } from '../topology/ports.ts'
import { ROLES } from '../topology/roles.ts'
import { assertPresent } from '../assert-present.ts'
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

/** What opens a store of the user's: read from the files that the cluster file names. */
export interface RepositoryCredentials {
  readonly accessKey: string
  readonly secretKey: string
  /** PEM, when the store's certificate is not signed by a public CA. */
  readonly caCertificate?: string | undefined
}

type Settings = Readonly<Record<string, string | number>>
type Repository = ClusterSpec['backup']['repositories'][number]

const DAY_MS = 86_400_000
const SECRETS_DIR = `${CONFIG_DIR}/pgbackrest.d`
export const PGBACKREST_CONFIG = `${CONFIG_DIR}/pgbackrest.conf`
/** The only bucket of the trial store. */
export const TRIAL_BUCKET = 'backups'
const REGION = 'us-east-1'

/** The program with its configuration; a verb and its options follow. */
export const PGBACKREST: readonly string[] = [
  'pgbackrest',
  `--config=${PGBACKREST_CONFIG}`,
  `--config-include-path=${SECRETS_DIR}`,
]

const DEFAULTS: Settings = {
  'archive-async': 'y',
  'backup-standby': 'prefer',
  'compress-type': 'zst',
  delta: 'y',
  'start-fast': 'y',
}

const FORCED: Settings = {
  // A host that does not answer holds up neither an archiver nor a backup for a minute, which is the default.
  'io-timeout': 20,
  'lock-path': '/tmp/pgbackrest',
  'log-level-console': 'warn',
  'log-level-file': 'off',
}

export const repositoryName = (index: number): string => `repo${index + 1}`
const caFile = (index: number): string => `${SECRETS_DIR}/${repositoryName(index)}-ca.crt`

const retentionDaysOf = ({ backup }: ClusterSpec, { retention }: Repository): number =>
  Math.max(1, Math.ceil(durationMsOf((retention ?? backup.retention).full) / DAY_MS))

/** Where the store is and how it is spoken to. */
const storeSettings = (spec: ClusterSpec, repository: Repository, index: number): Settings => {
  if (repository.kind === 's3') {
    const { path, bucket, endpoint, region, uriStyle } = repository
    return {
      path,
      's3-bucket': bucket,
      's3-endpoint': endpoint,
      's3-region': region,
      's3-uri-style': uriStyle,
      ...(repository.caFile === null ? {} : { 'storage-ca-file': caFile(index) }),
    }
  }
  const [store] = containersOf(spec, 'store')
  return {
    path: '/',
    's3-bucket': TRIAL_BUCKET,
    // By its name: pgBackRest does not look for addresses in certificates.
    's3-endpoint': `${assertPresent(store, 'a trial store').name}:${PORTS.store}`,
    's3-region': REGION,
    's3-uri-style': 'path',
    'storage-ca-file': TLS_PATHS.ca,
  }
}

const repositorySettings = (spec: ClusterSpec, repository: Repository, index: number): Settings => {
  const settings: Settings = {
    block: 'y',
    bundle: 'y',
    'cipher-type': 'aes-256-cbc',
    'retention-full': retentionDaysOf(spec, repository),
    'retention-full-type': 'time',
    'storage-verify-tls': 'y',
    type: 's3',
    ...storeSettings(spec, repository, index),
  }
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [`${repositoryName(index)}-${name}`, value]),
  )
}

/** A value ends with its line. */
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

const configuration = (
  spec: ClusterSpec,
  global: Settings,
  stanza: Settings,
  archivePush?: Settings,
): string => {
  const repositories = spec.backup.repositories.map((repository, index) =>
    repositorySettings(spec, repository, index),
  )
  return [
    header('pgBackRest'),
    iniSection(
      'global',
      Object.assign({ ...DEFAULTS }, ...repositories, FORCED, global) as Settings,
    ),
    ...(archivePush === undefined ? [] : [iniSection('global:archive-push', archivePush)]),
    iniSection(spec.name, stanza),
  ].join('\n')
}

const DATABASE: Settings = {
  path: '/var/lib/postgresql/data',
  port: PORTS.postgres,
  'socket-path': '/var/run/postgresql',
  user: ROLES.superuser.name,
}

const prefixed = (prefix: string, settings: Settings): Settings =>
  Object.fromEntries(Object.entries(settings).map(([name, value]) => [prefix + name, value]))

const memberConfiguration = (spec: ClusterSpec): string =>
  configuration(
    spec,
    {
      'archive-push-queue-max': bytesOf(spec.backup.walBudget),

      'process-max': 1,
      // On the data volume, because the root is read-only; outside pg_wal.
      'spool-path': '/var/lib/postgresql/pgbackrest-spool',
      'tls-server-address': '*',
      // Certificates carry units, which pgBackRest does not read; one has a common name, for this.
      'tls-server-auth': `${PGBACKREST_CLIENT}=${spec.name}`,
      'tls-server-ca-file': TLS_PATHS.ca,
      'tls-server-cert-file': TLS_PATHS.certificate,
      'tls-server-key-file': TLS_PATHS.key,
      'tls-server-port': PORTS.pgbackrest,
    },
    prefixed('pg1-', DATABASE),
    // A store that is away must not hold up a server that stops: it tries a segment three times, for so long each.
    { 'archive-timeout': 10 },
  )

/** What the runner has to know of one member. */
const memberHost = ({ name }: Container, index: number): Settings => ({
  ...prefixed(`pg${index + 1}-`, DATABASE),
  ...prefixed(`pg${index + 1}-host`, {
    '': name,
    '-ca-file': TLS_PATHS.ca,
    '-cert-file': `${CONFIG_DIR}/tls/pgbackrest.crt`,
    '-config': PGBACKREST_CONFIG,
    '-config-include-path': SECRETS_DIR,
    '-key-file': `${CONFIG_DIR}/tls/pgbackrest.key`,
    '-port': PORTS.pgbackrest,
    '-type': 'tls',
  }),
})

const runnerConfiguration = (spec: ClusterSpec): string =>
  configuration(
    spec,
    { 'process-max': Math.max(1, Math.floor(spec.backup.resources.cpus)) },
    Object.assign({}, ...containersOf(spec, 'member').map(memberHost)) as Settings,
  )

/** Where a restore test puts what it restores. */
export const RESTORED_DATA_DIR = '/var/lib/postgresql/restored'

const restoreTestConfiguration = (spec: ClusterSpec): string =>
  configuration(
    spec,
    {
      'process-max': Math.max(1, Math.floor(spec.backup.restoreTest.resources.cpus)),
      'spool-path': '/var/lib/postgresql/pgbackrest-spool',
    },
    prefixed('pg1-', { ...DATABASE, path: RESTORED_DATA_DIR }),
  )

/** Where a restored cluster's files are until they are complete: beside the place from which its member starts. */
export const RESTORING_DATA_DIR = '/var/lib/postgresql/restoring'

/** What was taken out of a copy, on the volume that the copy was on. */
export const OBJECTS_DUMP = '/var/lib/postgresql/objects.dump'

/** Who restores a whole cluster reaches its repositories, and none of its members. */
const restoreConfiguration = (spec: ClusterSpec, cpus: number, path: string): string =>
  configuration(
    spec,
    {
      'process-max': Math.max(1, Math.floor(cpus)),
      'spool-path': '/var/lib/postgresql/pgbackrest-spool',
    },
    prefixed('pg1-', { ...DATABASE, path }),
  )

/** archive_command. It gives way to sessions: only archiving is late when the processor is short. */
export const archiveCommand = (spec: ClusterSpec): string =>
  ['nice', '-n', '10', ...PGBACKREST, `--stanza=${spec.name}`, 'archive-push', '%p'].join(' ')

const secretSettings = (
  spec: ClusterSpec,
  { backup }: Pick<ClusterSecrets, 'backup'>,
  credentials: readonly (RepositoryCredentials | undefined)[],
): Settings => {
  const ofOne = (repository: Repository, index: number): Settings => {
    const keys = repository.kind === 'trial' ? backup.trialStore : credentials[index]
    return prefixed(`${repositoryName(index)}-`, {
      'cipher-pass': backup.cipherPass,
      ...(keys === undefined ? {} : { 's3-key': keys.accessKey, 's3-key-secret': keys.secretKey }),
    })
  }
  return Object.assign({}, ...spec.backup.repositories.map(ofOne)) as Settings
}

/** One folder's configuration with the keys and CAs of the repositories. */
function withRepositories(
  folder: string,
  text: string,
  keys: string,
  credentials: readonly (RepositoryCredentials | undefined)[],
): RenderedFiles {
  // Read anew by each call, so that another key of the store replaces no member. What its server listens on stays.
  const files = new Map<string, RenderedFile>([
    [`${folder}/pgbackrest.conf`, reloadable(plainFile(text))],
    [`${folder}/pgbackrest.d/repositories.conf`, reloadable(secretFile(keys))],
  ])
  credentials.forEach((store, index) => {
    if (store?.caCertificate === undefined) return
    files.set(
      `${folder}/pgbackrest.d/${repositoryName(index)}-ca.crt`,
      reloadable(plainFile(store.caCertificate)),
    )
  })
  return files
}

/** What whoever restores a whole cluster needs to read its repositories. */
export const renderRestoreAccess = (
  folder: string,
  spec: ClusterSpec,
  secrets: Pick<ClusterSecrets, 'backup'>,
  { cpus, credentials = [], path = RESTORING_DATA_DIR }: RestoreAccessOptions,
): RenderedFiles =>
  withRepositories(
    folder,
    restoreConfiguration(spec, cpus, path),
    iniSection('global', secretSettings(spec, secrets, credentials)),
    credentials,
  )

export interface RestoreAccessOptions {
  readonly cpus: number
  /** Where the database is that it is about; default: where one is that is being restored. */
  readonly path?: string
  readonly credentials?: readonly (RepositoryCredentials | undefined)[] | undefined
}

export function renderPgbackrest(
  spec: ClusterSpec,
  secrets: ClusterSecrets,
  credentials: readonly (RepositoryCredentials | undefined)[] = [],
): RenderedFiles {
  const files = new Map<string, RenderedFile>()
  if (spec.backup.repositories.length === 0) return files
  const keys = iniSection('global', secretSettings(spec, secrets, credentials))
  const write = ({ name }: Container, text: string): void => {
    for (const [path, file] of withRepositories(name, text, keys, credentials))
      files.set(path, file)
  }
  for (const member of containersOf(spec, 'member')) write(member, memberConfiguration(spec))
  const client = assertPresent(
    secrets.certificates[PGBACKREST_CLIENT],
    'a certificate of pgBackRest',
  )
  for (const runner of containersOf(spec, 'backup')) {
    write(runner, runnerConfiguration(spec))
    files.set(`${runner.name}/tls/pgbackrest.crt`, plainFile(client.certificate))
    files.set(`${runner.name}/tls/pgbackrest.key`, secretFile(client.key))
  }
  for (const tester of containersOf(spec, 'restore-test'))
    write(tester, restoreTestConfiguration(spec))
  return files
}
