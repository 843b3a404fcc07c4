/** Runs the steps that `planUp` returned. Every one may be interrupted, and run again. */
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import type { Step } from '@neuronha/core/plan/plan-up.ts'
import { renderDatabaseSetup } from '@neuronha/core/render/database-setup.ts'
import { ROLES } from '@neuronha/core/topology/roles.ts'
import { lastWords, run } from '@neuronha/runtime/exec.ts'
import type { OpenCluster } from '../commands/context.ts'
import { composeUp } from '../engine/compose.ts'
import { createSocketEngine } from '../engine/engine.ts'
import type { Observer } from '../observe/create-observer.ts'
import { runStep, type Progress } from '../setup/progress.ts'
import {
  loadApplied,
  saveApplied,
  writeAtomically,
  writeContainerFiles,
  type Applied,
} from '../state/state-folder.ts'
import type { Desired } from './desired.ts'
import { applyEtcdAuth } from './etcd-auth.ts'
import { applyPatroniConfig } from './patroni-config.ts'
import { setupHashes } from './up-plan.ts'
import { isServing, primaryOf, waitForStatus } from './wait.ts'

export interface RunStepsOptions {
  readonly cluster: OpenCluster
  readonly desired: Desired
  readonly observer: Observer
  readonly progress: Progress
  readonly signal: AbortSignal
}

const PRIMARY_TIMEOUT_MS = 120_000
const REPLACE_TIMEOUT_MS = 180_000

/** Runs each step in order; setting up the machine and building images is done before. */
export async function runSteps(steps: readonly Step[], options: RunStepsOptions): Promise<void> {
  for (const step of steps) {
    if (options.signal.aborted)
      throw new PlatformError('INTERRUPTED', `stopped before: ${step.title}`)
    await runStep(options.progress, step.title, () => runOne(step, options))
  }
}

function runOne(step: Step, options: RunStepsOptions): Promise<void> {
  const { state } = options.cluster
  switch (step.kind) {
    case 'prepare-machine':
    case 'build-image':
      return Promise.resolve()
    case 'write-files':
      return writeFiles(options)
    case 'start':
      return composeUp(state, step.targets, options.signal)
    case 'replace':
      return replaceContainer(step, options)
    case 'remove':
      return removeOne(step, options)
    case 'configure-etcd':
      return configureEtcd(options)
    case 'configure-databases':
      return configureDatabases(options)
    case 'configure-patroni':
      return configurePatroni(options)
  }
}

async function writeFiles({ cluster: { state }, desired }: RunStepsOptions): Promise<void> {
  await writeContainerFiles(state, desired.files)
  await writeAtomically(state.composeFile, desired.compose, 0o600)
}

/** Replaces one container and waits until it serves, so that at most one of a kind is ever away. */
async function replaceContainer(step: Step, options: RunStepsOptions): Promise<void> {
  const [name = ''] = step.targets
  const isMember = options.desired.containers.some(
    (wanted) => wanted.name === name && wanted.component === 'member',
  )
  const before = await options.observer.observe()
  if (isMember) await waitForOtherMembers(name, options)
  await composeUp(options.cluster.state, [name], options.signal)
  // What did not serve before holds up nothing: the end of `up` waits for all.
  if (!isServing(before, name)) return
  await waitForStatus(
    options.observer,
    `${name} serving again`,
    (status) => isServing(status, name),
    {
      timeoutMs: REPLACE_TIMEOUT_MS,
      signal: options.signal,
    },
  )
}

const waitForOtherMembers = (name: string, options: RunStepsOptions): Promise<ClusterStatus> =>
  waitForStatus(
    options.observer,
    `all members but ${name} serving`,
    (status) =>
      primaryOf(status) !== undefined &&
      status.members.every((member) => member.name === name || isServing(status, member.name)),
    { timeoutMs: REPLACE_TIMEOUT_MS, signal: options.signal },
  )

async function removeOne(step: Step, options: RunStepsOptions): Promise<void> {
  const [name = ''] = step.targets
  const status = await options.observer.observe()
  if (primaryOf(status) === name || (await isLeaderElsewhere(name, options))) {
    throw new PlatformError('REFUSED_FOR_SAFETY', `${name} is the primary and is not removed`, {
      hint: `Make another member the primary first: ./neuronha exec ${name} -- patronictl -c /etc/neuronha/patroni.yml switchover`,
    })
  }
  await createSocketEngine({ cluster: options.cluster.spec.name }).removeContainer(name)
}

/** A member that the new file no longer has is not observed: ask Patroni on it. */
async function isLeaderElsewhere(name: string, { cluster }: RunStepsOptions): Promise<boolean> {
  if (!name.startsWith(`${cluster.spec.name}-member-`)) return false
  const asked = await run(
    'docker',
    ['exec', name, 'psql', '-XAtqU', 'postgres', '-c', 'select pg_is_in_recovery()'],
    {
      timeoutMs: 10_000,
    },
  )
  return asked.code === 0 && asked.stdout.trim() === 'f'
}

async function configureEtcd(options: RunStepsOptions): Promise<void> {
  const { spec, secrets, state } = options.cluster
  await applyEtcdAuth(spec, secrets, {
    caFile: `${state.credentialsDir}/ca.crt`,
    certificateFile: `${state.credentialsDir}/cli.crt`,
    keyFile: `${state.credentialsDir}/cli.key`,
    signal: options.signal,
  })
  await rememberApplied(options, { etcdAuth: setupHashes(spec, secrets).etcdAuth })
}

const waitForPrimary = (options: RunStepsOptions): Promise<ClusterStatus> =>
  waitForStatus(options.observer, 'a primary', (seen) => primaryOf(seen) !== undefined, {
    timeoutMs: PRIMARY_TIMEOUT_MS,
    signal: options.signal,
  })

async function configurePatroni(options: RunStepsOptions): Promise<void> {
  const { spec, secrets } = options.cluster
  const status = await waitForPrimary(options)
  const primary = status.members.find(({ name }) => name === primaryOf(status))
  await applyPatroniConfig(options.cluster, primary?.address ?? '', options.signal)
  await rememberApplied(options, { patroniConfig: setupHashes(spec, secrets).patroniConfig })
}

async function configureDatabases(options: RunStepsOptions): Promise<void> {
  const { spec, secrets } = options.cluster
  const primary = primaryOf(await waitForPrimary(options)) ?? ''
  for (const { database, sql } of renderDatabaseSetup(spec, secrets)) {
    await applySql(primary, database, sql, options.signal)
  }
  await rememberApplied(options, { databaseSetup: setupHashes(spec, secrets).databaseSetup })
}

/** Feeds SQL to psql on the primary by its standard input: nothing of it is in an argument. */
async function applySql(
  primary: string,
  database: string,
  sql: string,
  signal: AbortSignal,
): Promise<void> {
  const psql = [
    'psql',
    '-X',
    '-q',
    '-v',
    'ON_ERROR_STOP=1',
    '-U',
    ROLES.superuser.name,
    '-d',
    database,
  ]
  const result = await run('docker', ['exec', '-i', primary, ...psql], {
    input: sql,
    timeoutMs: 60_000,
    signal,
  })
  if (result.code !== 0) {
    throw new PlatformError(
      'COMMAND_FAILED',
      `setting up database ${database} on ${primary} failed: ${lastWords(result)}`,
      {
        hint: 'Run the same command again; what is done already is kept.',
      },
    )
  }
}

async function rememberApplied(
  { cluster: { state } }: RunStepsOptions,
  part: Partial<Applied>,
): Promise<void> {
  const applied = (await loadApplied(state)) ?? { source: null }
  await saveApplied(state, { ...applied, ...part })
}
