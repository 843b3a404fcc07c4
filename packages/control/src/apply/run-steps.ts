/** Runs the steps that `planUp` returned. Every one may be interrupted, and run again. */
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import type { RestoreOrder } from '@neuronha/core/contracts/restore.ts'
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import type { Step, StepKind } from '@neuronha/core/plan/plan-up.ts'
import { renderDatabaseSetup } from '@neuronha/core/render/database-setup.ts'
import { ROLES } from '@neuronha/core/topology/roles.ts'
import { sleep } from '@neuronha/runtime/clock.ts'
import { lastWords, run } from '@neuronha/runtime/exec.ts'
import { createPgbackrest } from '../backups/pgbackrest.ts'
import { composeCreate, composeUp } from '../engine/compose.ts'
import { createSocketEngine } from '../engine/engine.ts'
import type { Observer } from '../observe/create-observer.ts'
import { loadInPlace, saveInPlace } from '../restore/in-place-record.ts'
import { putSealedSecrets } from '../restore/put-sealed-secrets.ts'
import { describeRestore, restoreDatabase } from '../restore/restore-database.ts'
import { forgetRestoreOrder, loadRestoreOrder } from '../restore/restore-order.ts'
import { restoreSidesOf } from '../restore/restore-sides.ts'
import { runStep } from '../setup/progress.ts'
import {
  loadApplied,
  saveApplied,
  writeAtomically,
  writeContainerFiles,
  type Applied,
} from '../state/state-folder.ts'
import {
  changePrimary,
  reloadContainers,
  waitForOtherMembers,
  whileHeld,
  type ChangeHandsOptions,
} from './change-hands.ts'
import { withDrainedRouter } from './drain-router.ts'
import { applyEtcdAuth } from './etcd-auth.ts'
import { applyPatroniConfig } from './patroni-config.ts'
import { findRunningPrimary } from './running-cluster.ts'
import { setupHashes } from './up-plan.ts'
import { isServing, patienceOf, primaryOf, waitForStatus } from './wait.ts'

export interface RunStepsOptions extends ChangeHandsOptions {
  readonly observer: Observer
  /** Folder that relative paths in the cluster file start from. */
  readonly baseDir: string
  /** What the running step is at. */
  readonly note: (text: string) => void
}

const PRIMARY_TIMEOUT_MS = 120_000
const REPLACE_TIMEOUT_MS = 180_000
const LOCK_TIMEOUT_MS = 60_000
const LOCK_PAUSE_MS = 300

/** Runs each step in order; setting up the machine and building images is done before. */
export async function runSteps(
  steps: readonly Step[],
  options: Omit<RunStepsOptions, 'servedAtStart' | 'note'>,
): Promise<void> {
  const before = await options.observer.observe()
  const serving = before.members.filter(({ name }) => isServing(before, name))
  const all = { ...options, servedAtStart: new Set(serving.map(({ name }) => name)) }
  for (const step of steps) {
    if (options.signal.aborted)
      throw new PlatformError('INTERRUPTED', `stopped before: ${step.title}`)
    await runStep(options.progress, step.title, ({ note }) => runOne(step, { ...all, note }))
  }
}

type RunStep = (step: Step, options: RunStepsOptions) => Promise<void>

/** Done before the steps are run. */
const wasDone: RunStep = () => Promise.resolve()

const runOne: RunStep = (step, options) => RUN[step.kind](step, options)

async function writeFiles({ cluster: { state }, desired }: RunStepsOptions): Promise<void> {
  await writeContainerFiles(state, desired.files)
  await writeAtomically(state.composeFile, desired.compose, 0o600)
}

/** Replaces one container and waits until it serves, so that at most one of a kind is ever away. */
async function replaceContainer(step: Step, options: RunStepsOptions): Promise<void> {
  const [name = ''] = step.targets
  const component = options.desired.containers.find((wanted) => wanted.name === name)?.component
  const before = await options.observer.observe()
  if (component === 'member') await waitForOtherMembers(name, options)
  const replace = async (): Promise<void> => {
    await composeUp(options.cluster.state, [name], options.signal)
    // What did not serve before holds up nothing: the end of `up` waits for all.
    if (!isServing(before, name)) return
    await waitForStatus(
      options.observer,
      `${name} serving again`,
      (status) => isServing(status, name),
      { timeoutMs: REPLACE_TIMEOUT_MS, signal: options.signal },
    )
  }
  await whileHeld(name, step.why, options, () =>
    component === 'router' ? withDrainedRouter(options.cluster, name, replace) : replace(),
  )
}

async function removeOne(step: Step, options: RunStepsOptions): Promise<void> {
  const [name = ''] = step.targets
  const { spec } = options.cluster
  const engine = createSocketEngine({ cluster: spec.name })
  if (name.startsWith(`${spec.name}-member-`)) {
    await waitForOtherMembers(name, options)
    if ((await findRunningPrimary(options.cluster, await engine.list())) === name) {
      throw new PlatformError('REFUSED_FOR_SAFETY', `${name} is the primary and is not removed`, {
        hint: 'It became the primary meanwhile. Run the same command again: it changes the primary first.',
      })
    }
  }
  await whileHeld(name, step.why, options, () => engine.removeContainer(name))
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

async function waitForCommits(options: RunStepsOptions): Promise<ClusterStatus> {
  return waitForStatus(
    options.observer,
    'a primary whose commits do not wait for standbys',
    (seen) => primaryOf(seen) !== undefined && !commitsWait(seen),
    {
      timeoutMs: await patienceOf(options.cluster.state, PRIMARY_TIMEOUT_MS),
      signal: options.signal,
      onLook: ({ reasons }) => options.note(reasons[0] ?? ''),
    },
  )
}

const commitsWait = ({ synchronous, commits }: ClusterStatus): boolean =>
  synchronous && commits !== null && commits.standbys_connected < commits.standbys_needed

async function configurePatroni(options: RunStepsOptions): Promise<void> {
  const { spec, secrets } = options.cluster
  const status = await waitForPrimary(options)
  const primary = status.members.find(({ name }) => name === primaryOf(status))
  await applyPatroniConfig(options.cluster, primary?.address ?? '', options.signal)
  await rememberApplied(options, { patroniConfig: setupHashes(spec, secrets).patroniConfig })
}

async function configureDatabases(options: RunStepsOptions): Promise<void> {
  const { spec, secrets } = options.cluster
  const primary = primaryOf(await waitForCommits(options)) ?? ''
  for (const { database, sql } of renderDatabaseSetup(spec, secrets)) {
    await applySql(primary, database, sql, options.signal)
  }
  await rememberApplied(options, { databaseSetup: setupHashes(spec, secrets).databaseSetup })
}

/** Makes the repositories know this cluster; what they know already stays. */
async function configureBackups(options: RunStepsOptions): Promise<void> {
  const { spec, secrets } = options.cluster
  const primary = primaryOf(await waitForPrimary(options)) ?? ''
  const pgbackrest = createPgbackrest(spec.name, (command, runOptions) =>
    run('docker', ['exec', primary, ...command], runOptions),
  )
  await whenFree(
    () => pgbackrest.run(['stanza-create'], { signal: options.signal }),
    options.signal,
  )
  // What could not be archived until now is archived at once.
  await pgbackrest.run(['check'], { signal: options.signal })
  await rememberApplied(options, { backupSetup: setupHashes(spec, secrets).backupSetup })
}

/** So that whoever has the key of the backups can bring back the whole cluster on another machine. */
async function sealSecrets(options: RunStepsOptions): Promise<void> {
  const { spec, secrets } = options.cluster
  const primary = primaryOf(await waitForPrimary(options)) ?? ''
  const pgbackrest = createPgbackrest(spec.name, (command, runOptions) =>
    run('docker', ['exec', '--interactive', primary, ...command], runOptions),
  )
  await putSealedSecrets(pgbackrest, spec, secrets, options.signal)
  await rememberApplied(options, { sealedSecrets: setupHashes(spec, secrets).sealedSecrets })
}

/** The data, and the member that leads it. No other one may start before: it would make an empty database. */
async function restore(options: RunStepsOptions): Promise<void> {
  const { state } = options.cluster
  const order = await loadRestoreOrder(state)
  if (order === undefined) return
  const { restored } = (await loadApplied(state)) ?? {}
  // It may have been interrupted right before its end.
  if (JSON.stringify(restored?.order) !== JSON.stringify(order)) await carryOut(order, options)
  const inPlace = await loadInPlace(state)
  if (inPlace?.phase === 'restoring') await saveInPlace(state, { ...inPlace, phase: 'kept' })
  await forgetRestoreOrder(state)
}

async function carryOut(order: RestoreOrder, options: RunStepsOptions): Promise<void> {
  const { cluster, desired, baseDir, note, signal, progress, audit, observer } = options
  const { state, spec } = cluster
  const sides = await restoreSidesOf(order, cluster, baseDir)
  const image = desired.images.backup
  // An earlier try may have come as far as starting it.
  const engine = createSocketEngine({ cluster: spec.name })
  if ((await engine.inspect(order.member)) !== undefined) await engine.stop(order.member)
  const result = await restoreDatabase({ sides, state, image, order, note, signal })
  note(`waiting for ${order.member} to lead`)
  await composeUp(state, [order.member], signal)
  // Anybody else's database is not what was restored.
  await waitForStatus(
    observer,
    `${order.member} leading`,
    (seen) => primaryOf(seen) === order.member,
    { timeoutMs: PRIMARY_TIMEOUT_MS, signal },
  )
  const summary = describeRestore(order, result)
  progress.say(`Restored ${order.source}: ${summary}`)
  audit.record({
    kind: 'restore.done',
    severity: 'warning',
    summary: `restored from the backups of ${order.source}: ${summary}`,
    actor: order.by,
    evidence: { order, result },
  })
  await rememberApplied(options, { restored: { order, result, at: new Date().toISOString() } })
}

/** Until then the archiver tries in vain, and holds pgBackRest's lock most of the time. */
async function whenFree<T>(act: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const untilMs = performance.now() + LOCK_TIMEOUT_MS
  for (;;) {
    try {
      return await act()
    } catch (thrown) {
      const { code } = toPlatformError(thrown)
      if (code !== 'CLUSTER_BUSY' || performance.now() > untilMs) throw thrown
      await sleep(LOCK_PAUSE_MS, signal)
    }
  }
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

const RUN: Readonly<Record<StepKind, RunStep>> = {
  'prepare-machine': wasDone,
  'build-image': wasDone,
  'write-files': (_step, options) => writeFiles(options),
  start: ({ targets }, { cluster, signal }) => composeUp(cluster.state, targets, signal),
  create: ({ targets }, { cluster, signal }) => composeCreate(cluster.state, targets, signal),
  reload: reloadContainers,
  switchover: changePrimary,
  replace: replaceContainer,
  remove: removeOne,
  'configure-etcd': (_step, options) => configureEtcd(options),
  'configure-databases': (_step, options) => configureDatabases(options),
  'configure-patroni': (_step, options) => configurePatroni(options),
  'configure-backups': (_step, options) => configureBackups(options),
  'seal-secrets': (_step, options) => sealSecrets(options),
  restore: (_step, options) => restore(options),
}
