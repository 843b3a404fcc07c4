/**
 * `npm run bench`: what the path through the system costs, as ratios of one run. Absolute figures are of
 * this machine at this moment; only the ratios mean anything elsewhere.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { addressesOf } from '@neuronha/core/topology/containers.ts'
import { PORTS } from '@neuronha/core/topology/ports.ts'
import { openCluster, type CommandIo } from '../../packages/control/src/commands/context.ts'
import { silentProgress } from '../../packages/control/src/setup/progress.ts'
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { neuronha, neuronhaJson, REPOSITORY } from '../stack/neuronha.ts'
import { messagesPerSecond, type MessageTarget } from './message-load.ts'
import { initialize, straightTo, throughPooler, transactionsPerSecond } from './pgbench.ts'
import { startPlainStack } from './plain-stack.ts'
import { compare, formatComparison, type Comparison } from './rivals.ts'

const NAME = 'neuronha-bench'
const FILE = `${REPOSITORY}/test/bench/cluster.yaml`
const SECONDS = 10
const ROUNDS = 3
const CONCURRENCY = 16

const io: CommandIo = {
  warn: () => undefined,
  out: () => undefined,
  progress: silentProgress,
  json: true,
  color: false,
  width: 100,
  isTerminal: false,
  signal: new AbortController().signal,
  confirm: () => Promise.resolve(false),
  ask: () => Promise.resolve(''),
  cwd: REPOSITORY,
  commandLine: 'npm run bench',
}

async function measure(): Promise<readonly Comparison[]> {
  const cluster = await openCluster(io, { cluster: NAME })
  const { spec, secrets } = cluster
  const tls = (servername: string): MessageTarget['tls'] => {
    const pair = secrets.certificates['cli'] ?? { certificate: '', key: '' }
    return { ca: secrets.ca.certificate, cert: pair.certificate, key: pair.key, servername }
  }
  const { members } = await neuronhaJson<ClusterStatus>(['status', '--cluster', NAME])
  const primary = members.find(({ role }) => role === 'primary')?.address ?? ''
  const comparisons: Comparison[] = []
  const plain = await startPlainStack(cluster)
  try {
    const front: MessageTarget = {
      baseUrl: `https://${addressesOf(spec, 'edge')[0] ?? ''}:${PORTS.edgeHttps}/agent/api/v1`,
      tls: tls('localhost'),
      apiKey: secrets.apiKeys.admin,
    }
    const direct: MessageTarget = {
      baseUrl: `https://${plain.agentAddress}:${PORTS.agent}/api/v1`,
      tls: tls('agent'),
      apiKey: secrets.apiKeys.admin,
    }
    await untilServes(direct)
    comparisons.push(
      await compare({
        title: 'message writes: front door | one agent on one PostgreSQL',
        unit: 'writes/s',
        rounds: ROUNDS,
        ours: () => messagesPerSecond(front, CONCURRENCY, SECONDS),
        plain: () => messagesPerSecond(direct, CONCURRENCY, SECONDS),
      }),
    )
  } finally {
    await plain.close()
  }
  await initialize(cluster, throughPooler(cluster))
  for (const workload of ['select-only', 'tpcb-like'] as const) {
    comparisons.push(
      await compare({
        title: `pgbench ${workload}: pooler + router | straight to the primary`,
        unit: 'tps',
        rounds: ROUNDS,
        ours: () => transactionsPerSecond(cluster, throughPooler(cluster), workload, SECONDS),
        plain: () => transactionsPerSecond(cluster, straightTo(primary), workload, SECONDS),
      }),
    )
  }
  return comparisons
}

/** Waits until the plain agent has migrated its schema and takes a write. */
async function untilServes(target: MessageTarget): Promise<void> {
  const deadline = Date.now() + 60_000
  for (;;) {
    try {
      await messagesPerSecond(target, 1, 0.1)
      return
    } catch (error) {
      if (Date.now() > deadline) throw error
      await delay(500)
    }
  }
}

const started = await neuronha(['up', '--yes', '-f', FILE], { timeoutMs: 900_000, echo: true })
if (started.code !== 0) throw new Error(started.stderr)
try {
  const comparisons = await measure()
  console.log(
    `\n${''.padEnd(64)} ${'ours'.padStart(7)} ${'plain'.padStart(7)} ${''.padEnd(10)} ratio`,
  )
  for (const comparison of comparisons) console.log(formatComparison(comparison))
  if (process.argv.includes('--json')) console.log(JSON.stringify(comparisons, null, 2))
} finally {
  await neuronha(['down', '--cluster', NAME, '--volumes', '--yes'])
}
