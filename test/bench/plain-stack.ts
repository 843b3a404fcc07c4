/**
 * The plain rival: one PostgreSQL, and one NeuronAgent that connects straight to it. Same images, same
 * settings, TLS on both hops; no pooler, no router, no standby, no edge.
 */
import { chmod, chown, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { run, runOk } from '@neuronha/runtime/exec.ts'
import { renderDatabaseSetup } from '@neuronha/core/render/database-setup.ts'
import { networkName } from '@neuronha/core/render/compose.ts'
import { postgresMemory } from '@neuronha/core/spec/postgres-settings.ts'
import { addressOf, CONTAINER_UID } from '@neuronha/core/topology/containers.ts'
import { ROLES } from '@neuronha/core/topology/roles.ts'
import type { ClusterSecrets } from '@neuronha/core/secrets.ts'
import { issueCertificate } from '../../packages/control/src/state/certificates.ts'
import type { OpenCluster } from '../../packages/control/src/commands/context.ts'

export interface PlainStack {
  readonly postgresAddress: string
  readonly agentAddress: string
  readonly close: () => Promise<void>
}

const POSTGRES = 'neuronha-bench-plain-postgres'
const AGENT = 'neuronha-bench-plain-agent'

const imageOf = async (container: string): Promise<string> =>
  (await runOk('docker', ['inspect', '--format', '{{.Config.Image}}', container])).stdout.trim()

/** Starts both beside the cluster, in its network, with certificates of its members. */
export async function startPlainStack({ spec, secrets, state }: OpenCluster): Promise<PlainStack> {
  await removeBoth()
  const postgresAddress = addressOf(spec, 'loadgen', 3)
  const agentAddress = addressOf(spec, 'loadgen', 4)
  const network = networkName(spec.name)
  const serverFolder = join(state.root, 'bench-postgres')
  await writeServerFolder(serverFolder, secrets, postgresAddress)
  const common = [
    '--detach',
    '--network',
    network,
    '--read-only',
    '--cap-drop',
    'ALL',
    '--tmpfs',
    '/tmp:mode=1777',
    '--tmpfs',
    '/run:mode=1777',
  ]
  const settings = {
    ...postgresMemory(spec),
    max_connections: 300,
    ssl: 'on',
    ssl_cert_file: '/etc/neuronha/tls/tls.crt',
    ssl_key_file: '/etc/neuronha/tls/tls.key',
    ssl_ca_file: '/etc/neuronha/tls/ca.crt',
    listen_addresses: '*',
    unix_socket_directories: '/run',
  }
  const flags = Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${String(value)}`)
    .join(' ')
  const start = [
    'export PATH=$PATH:/usr/lib/postgresql/17/bin PGDATA=/var/lib/postgresql/data',
    'initdb --data-checksums --username=postgres --auth-local=trust --auth-host=scram-sha-256 >/dev/null',
    'echo "hostssl all all all scram-sha-256" >> $PGDATA/pg_hba.conf',
    `exec postgres ${flags}`,
  ].join(' && ')
  await runOk('docker', [
    'run',
    ...common,
    '--name',
    POSTGRES,
    '--ip',
    postgresAddress,
    '--shm-size',
    '256m',
    '--volume',
    '/var/lib/postgresql',
    '--volume',
    `${serverFolder}:/etc/neuronha:ro`,
    '--memory',
    '1g',
    '--cpus',
    '2',
    '--entrypoint',
    'sh',
    await imageOf(`${spec.name}-member-1`),
    '-c',
    start,
  ])
  await waitFor(POSTGRES, ['psql', '-h', '/run', '-U', 'postgres', '-c', 'select 1'])
  // In a cluster Patroni makes these two.
  const patroniRoles = [ROLES.replicator, ROLES.rewind]
    .map(({ name }) => `CREATE ROLE ${name}`)
    .join('; ')
  await runOk('docker', [
    'exec',
    POSTGRES,
    'psql',
    '-X',
    '-q',
    '-h',
    '/run',
    '-U',
    'postgres',
    '-c',
    patroniRoles,
  ])
  for (const { database, sql } of renderDatabaseSetup(spec, secrets)) {
    await runOk(
      'docker',
      [
        'exec',
        '-i',
        POSTGRES,
        'psql',
        '-X',
        '-q',
        '-v',
        'ON_ERROR_STOP=1',
        '-h',
        '/run',
        '-U',
        'postgres',
        '-d',
        database,
      ],
      { input: sql },
    )
  }
  const folder = join(state.root, 'bench-agent')
  await writeAgentFolder(folder, { spec, secrets, state }, postgresAddress)
  await runOk('docker', [
    'run',
    ...common,
    '--name',
    AGENT,
    '--ip',
    agentAddress,
    '--volume',
    `${folder}:/etc/neuronha:ro`,
    '--memory',
    '320m',
    '--cpus',
    '1',
    await imageOf(`${spec.name}-agent-1`),
  ])
  return {
    postgresAddress,
    agentAddress,
    close: async () => {
      await removeBoth()
      for (const path of [folder, serverFolder]) await rm(path, { recursive: true, force: true })
    },
  }
}

const removeBoth = (): Promise<unknown> =>
  run('docker', ['rm', '--force', '--volumes', POSTGRES, AGENT])

async function waitFor(container: string, command: readonly string[]): Promise<void> {
  const deadline = Date.now() + 60_000
  while ((await run('docker', ['exec', container, ...command])).code !== 0) {
    if (Date.now() > deadline)
      throw new Error(
        `${container} did not come up: ${(await run('docker', ['logs', container])).stderr}`,
      )
    await delay(300)
  }
}

/** A certificate of the cluster's CA for the plain server's own address. */
async function writeServerFolder(
  folder: string,
  secrets: ClusterSecrets,
  address: string,
): Promise<void> {
  const pair = await issueCertificate(secrets.ca, {
    name: 'plain',
    unit: 'plain',
    dnsNames: ['plain'],
    addresses: [address],
  })
  await mkdir(join(folder, 'tls'), { recursive: true, mode: 0o700 })
  await writeFile(join(folder, 'tls', 'ca.crt'), secrets.ca.certificate)
  await writeFile(join(folder, 'tls', 'tls.crt'), pair.certificate)
  await writeFile(join(folder, 'tls', 'tls.key'), pair.key, { mode: 0o400 })
  await runOk('chown', ['-R', `${CONTAINER_UID}:${CONTAINER_UID}`, folder])
}

/** The first agent's own folder, with the plain PostgreSQL as its only endpoint. */
async function writeAgentFolder(
  folder: string,
  { spec, state }: OpenCluster,
  postgresAddress: string,
): Promise<void> {
  const source = join(state.filesDir, `${spec.name}-agent-1`)
  const { stdout } = await runOk('cat', [join(source, 'config.json')])
  const config = JSON.parse(stdout) as {
    database: { poolers: unknown; readDatabase: string; writeDatabase: string }
    migrations: { routers: unknown }
  }
  config.database.poolers = [{ name: postgresAddress, address: postgresAddress, port: 5432 }]
  config.database.readDatabase = config.database.writeDatabase
  config.migrations.routers = [{ address: postgresAddress, port: 5432 }]
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await runOk('cp', ['-r', join(source, 'tls'), folder])
  await writeFile(join(folder, 'config.json'), JSON.stringify(config), { mode: 0o400 })
  for (const path of [folder, join(folder, 'config.json')])
    await chown(path, CONTAINER_UID, CONTAINER_UID)
  await runOk('chown', ['-R', `${CONTAINER_UID}:${CONTAINER_UID}`, join(folder, 'tls')])
  await chmod(folder, 0o700)
}
