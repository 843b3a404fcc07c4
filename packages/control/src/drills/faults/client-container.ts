/**
 * A second client beside the load generator, in a bounded container of the members' image: pgbench or psql, as the
 * role of drills, with the load generator's certificate. It ends by itself, and the drill removes it.
 */
import { chown, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PlatformError } from '@neuronha/core/errors.ts'
import { LABELS, networkName } from '@neuronha/core/render/compose.ts'
import { CONFIG_DIR, TLS_PATHS } from '@neuronha/core/render/files.ts'
import type { DrillSecrets } from '@neuronha/core/secrets.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { containerName, CONTAINER_UID } from '@neuronha/core/topology/containers.ts'
import { ROLES } from '@neuronha/core/topology/roles.ts'
import { lastWords, run } from '@neuronha/runtime/exec.ts'
import { createSocketEngine } from '../../engine/engine.ts'

const FILES_DIR = '/client'

export interface ClientOptions {
  readonly spec: ClusterSpec
  readonly secrets: DrillSecrets
  /** The run's folder: its `config/` has the certificates. */
  readonly workDir: string
  /** Ends with this script, whatever becomes of it. */
  readonly script: string
  /** Other files beside it, by name. */
  readonly files?: Readonly<Record<string, string>>
  readonly hosts: readonly string[]
  readonly port: number
  readonly database: string
  readonly cpus: number
}

export const clientName = (spec: ClusterSpec): string => containerName(spec.name, 'drill-client', 1)

/** Starts it and returns at once. */
export async function startClient(options: ClientOptions): Promise<void> {
  const { spec, secrets, workDir, files = {}, script } = options
  const folder = join(workDir, 'client')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await chown(folder, CONTAINER_UID, CONTAINER_UID)
  const pgpass = `*:*:*:${ROLES.drill.name}:${secrets.roles.drill.password}\n`
  for (const [name, text] of Object.entries({ ...files, 'main.sh': script, pgpass })) {
    await writeFile(join(folder, name), text, { mode: 0o600 })
    await chown(join(folder, name), CONTAINER_UID, CONTAINER_UID)
  }
  const containers = await createSocketEngine({ cluster: spec.name }).list()
  const member = containers.find(({ component }) => component === 'member')
  if (member === undefined) throw new PlatformError('CLUSTER_ABSENT', 'there is no member')
  const started = await run('docker', dockerArgs(options, folder, member.image))
  if (started.code === 0) return
  throw new PlatformError(
    'ENGINE_FAILED',
    `the second client does not start: ${lastWords(started)}`,
  )
}

/** Nothing in it is secret: the password is in a mounted file. */
function dockerArgs(
  { spec, workDir, hosts, port, database, cpus }: ClientOptions,
  folder: string,
  image: string,
): readonly string[] {
  const environment = {
    PGHOST: hosts.join(','),
    PGPORT: String(port),
    PGDATABASE: database,
    PGUSER: ROLES.drill.name,
    PGPASSFILE: `${FILES_DIR}/pgpass`,
    PGSSLMODE: 'verify-ca',
    PGSSLROOTCERT: TLS_PATHS.ca,
    PGSSLCERT: TLS_PATHS.certificate,
    PGSSLKEY: TLS_PATHS.key,
    PGCONNECT_TIMEOUT: '5',
  }
  return [
    'run',
    '--detach',
    `--name=${clientName(spec)}`,
    `--network=${networkName(spec.name)}`,
    `--user=${CONTAINER_UID}:${CONTAINER_UID}`,
    '--read-only',
    '--cap-drop=ALL',
    '--security-opt=no-new-privileges:true',
    '--memory=512m',
    `--cpus=${cpus}`,
    '--pids-limit=256',
    '--pull=never',
    '--log-opt=max-size=5m',
    `--label=${LABELS.cluster}=${spec.name}`,
    `--label=${LABELS.component}=drill-client`,
    `--volume=${join(workDir, 'config')}:${CONFIG_DIR}:ro`,
    `--volume=${folder}:${FILES_DIR}:ro`,
    ...Object.entries(environment).map(([name, value]) => `--env=${name}=${value}`),
    '--entrypoint=/bin/sh',
    image,
    `${FILES_DIR}/main.sh`,
  ]
}

/** What it printed. */
export async function clientOutput(spec: ClusterSpec): Promise<string> {
  const { stdout, stderr } = await run('docker', ['logs', clientName(spec)])
  return `${stdout}${stderr}`
}
