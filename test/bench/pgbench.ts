/** pgbench in a throw-away container of the cluster's network, TLS with client certificates on every path. */
import { runOk } from '@neuronha/runtime/exec.ts'
import { addressesOf } from '@neuronha/core/topology/containers.ts'
import { PORTS } from '@neuronha/core/topology/ports.ts'
import type { OpenCluster } from '../../packages/control/src/commands/context.ts'

export const DATABASE = 'bench'
const ROLE = 'bench_owner'
const CLIENTS = 16
const SCALE = 10

/** Where pgbench connects to. */
export interface Route {
  readonly host: string
  readonly port: number
}

export const throughPooler = ({ spec }: OpenCluster): Route => ({
  host: addressesOf(spec, 'pooler')[0] ?? '',
  port: PORTS.pooler,
})
export const straightTo = (primaryAddress: string): Route => ({
  host: primaryAddress,
  port: PORTS.postgres,
})

/**
 * Runs pgbench in the network of the first router: members accept these roles from routers only.
 * Returns what it printed.
 */
async function pgbench(
  { spec, secrets, state }: OpenCluster,
  route: Route,
  args: readonly string[],
): Promise<string> {
  const image = (
    await runOk('docker', ['inspect', '--format', '{{.Config.Image}}', `${spec.name}-member-1`])
  ).stdout.trim()
  const connection = [
    `host=${route.host}`,
    `port=${route.port}`,
    `dbname=${DATABASE}`,
    `user=${ROLE}`,
    'sslmode=verify-full',
    'sslrootcert=/credentials/ca.crt',
    `sslcert=/credentials/user-${ROLE}.crt`,
    'sslkey=/tmp/key',
  ].join(' ')
  const script = `umask 077; cp /credentials/user-${ROLE}.key /tmp/key; read -r PGPASSWORD; export PGPASSWORD; exec /usr/lib/postgresql/17/bin/pgbench "$@"`
  const { stdout, stderr } = await runOk(
    'docker',
    [
      'run',
      '--rm',
      '--interactive',
      '--user',
      '0',
      '--network',
      `container:${spec.name}-router-1`,
      '--volume',
      `${state.credentialsDir}:/credentials:ro`,
      '--entrypoint',
      'bash',
      image,
      '-c',
      script,
      'pgbench',
      ...args,
      connection,
    ],
    { input: `${secrets.userRoles[ROLE]?.password ?? ''}\n`, timeoutMs: 180_000 },
  )
  return stdout + stderr
}

export const initialize = (cluster: OpenCluster, route: Route): Promise<string> =>
  pgbench(cluster, route, ['--initialize', '--quiet', `--scale=${SCALE}`])

/** Transactions per second of one run. */
export async function transactionsPerSecond(
  cluster: OpenCluster,
  route: Route,
  workload: 'select-only' | 'tpcb-like',
  seconds: number,
): Promise<number> {
  const printed = await pgbench(cluster, route, [
    `--builtin=${workload}`,
    `--client=${CLIENTS}`,
    // A thread each: one that drives several clients waits for PREPARE of one while others hold the pool in open transactions.
    `--jobs=${CLIENTS}`,
    `--time=${seconds}`,
    '--no-vacuum',
    '--protocol=prepared',
  ])
  const tps = /^tps = ([\d.]+)/m.exec(printed)?.[1]
  if (tps === undefined) throw new Error(`pgbench printed no tps: ${printed}`)
  return Number(tps)
}
