/** `up`: makes the cluster what its file says, and returns when every part of it is healthy. */
import { mkdir } from 'node:fs/promises'
import { PlatformError } from '@neuronha/core/errors.ts'
import { lentOperation } from '@neuronha/runtime/load-config.ts'
import type { Step } from '@neuronha/core/plan/plan-up.ts'
import { lockCluster } from '../state/lock.ts'
import {
  loadApplied,
  saveApplied,
  saveSecrets,
  stateFolderOf,
  writeAtomically,
} from '../state/state-folder.ts'
import { writeCredentials } from '../state/credentials.ts'
import { assertNotDestroyed } from '../drills/records-in-folder.ts'
import { assertDataIsInPlace } from '../restore/in-place-record.ts'
import { runStep } from '../setup/progress.ts'
import { buildImages } from '../setup/images.ts'
import { runSteps, type RunStepsOptions } from '../apply/run-steps.ts'
import { patienceOf, waitForStatus } from '../apply/wait.ts'
import { count } from '../observe/words.ts'
import {
  createClusterObserver,
  loadClusterSource,
  type ClusterChoice,
  type ClusterSource,
  type CommandIo,
} from './context.ts'
import {
  assertMachineHasRoom,
  assertSafeChange,
  completeCluster,
  imagesToBuild,
  prepareCluster,
  setUpMachine,
} from './prepare.ts'
import { takeOperationIfAny, type HeldOperation } from '../coordination/operation.ts'
import { actorHere, openAudit, recordOutcome } from './audit.ts'
import { describeAccess, formatAccess } from './access.ts'

export interface UpOptions extends ClusterChoice {
  /** The cluster file, when it is not for `file`, `cluster` and the working folder to say. */
  readonly source?: ClusterSource
  /** Do not ask before writes pause. */
  readonly yes: boolean
  /** Install what is missing on this machine. */
  readonly install: boolean
}

const HEALTHY_TIMEOUT_MS = 240_000

export async function up(io: CommandIo, options: UpOptions): Promise<void> {
  const startedAtMs = performance.now()
  const source = options.source ?? (await loadClusterSource(io, options))
  const { spec } = source
  const unlock = await lockCluster(spec.name, io.commandLine)
  try {
    const machine = await setUpMachine(io, options.install)
    await assertMachineHasRoom(spec, machine)
    await assertDataIsInPlace(stateFolderOf(spec.name))
    await assertNotDestroyed(stateFolderOf(spec.name))
    const cluster = await completeCluster(source)
    const { secrets, state } = cluster
    await assertSafeChange(cluster)
    const images = await buildImages({
      only: await imagesToBuild(spec),
      mirror: machine.mirror,
      progress: io.progress,
      signal: io.signal,
    })
    const prepared = await prepareCluster(source, cluster, machine, images)
    await mkdir(state.root, { recursive: true, mode: 0o700 })
    await saveSecrets(state, secrets)
    await writeCredentials(spec, secrets, state)
    const observer = createClusterObserver(cluster)
    const audit = openAudit(io, cluster)
    let operation: HeldOperation | undefined
    try {
      const who = { by: actorHere(), what: io.commandLine }
      operation = await takeOperationIfAny(audit.kv, spec.name, who, lentOperation())
      const [steps] = await Promise.all([prepared.plan(), audit.sayMaintenance()])
      await confirmInterruption(io, steps, options.yes)
      await writeAtomically(state.clusterFile, source.text, 0o600)
      await saveApplied(state, { ...(await loadApplied(state)), source: source.path })
      await recordOutcome(
        audit,
        'cli.up',
        () => runAll(steps, { ...prepared, observer, audit, baseDir: source.baseDir }, io),
        describeUp,
      )
      const access = describeAccess(spec, state)
      const seconds = Math.round((performance.now() - startedAtMs) / 100) / 10
      io.out(
        io.json
          ? JSON.stringify(
              { cluster: spec.name, health: 'healthy', seconds, changed: steps, ...access },
              null,
              2,
            )
          : formatAccess(spec, access, { seconds, changed: steps.length }),
      )
    } finally {
      await operation?.release()
      await Promise.all([observer.close(), audit.close()])
    }
  } finally {
    await unlock()
  }
}

/** Runs the steps and waits until the cluster is healthy; returns the steps. */
async function runAll(
  steps: readonly Step[],
  parts: Pick<RunStepsOptions, 'cluster' | 'desired' | 'observer' | 'audit' | 'baseDir'>,
  { progress, signal }: CommandIo,
): Promise<readonly Step[]> {
  const { observer } = parts
  await runSteps(steps, { ...parts, progress, signal })
  const timeoutMs = await patienceOf(parts.cluster.state, HEALTHY_TIMEOUT_MS)
  await runStep(progress, 'wait until everything is healthy', (step) =>
    waitForStatus(observer, 'a healthy cluster', ({ health }) => health === 'healthy', {
      timeoutMs,
      signal,
      onLook: ({ reasons }) => step.note(reasons[0] ?? ''),
    }),
  )
  return steps
}

/** Nothing for an `up` that changed nothing. */
const describeUp = (steps: readonly Step[]) =>
  steps.length === 0
    ? undefined
    : {
        summary: `up: ${count(steps.length, 'step')}, and every part is healthy`,
        evidence: { steps: steps.map(({ title }) => title) },
      }

/** Writes that would pause are announced, and in a production cluster agreed to. */
async function confirmInterruption(
  io: CommandIo,
  steps: readonly Step[],
  yes: boolean,
): Promise<void> {
  const interrupting = steps.filter(({ interruptsWritesMs }) => interruptsWritesMs > 0)
  if (interrupting.length === 0 || yes) return
  const what = interrupting
    .map(
      ({ title, interruptsWritesMs }) =>
        `${title} pauses writes for about ${(interruptsWritesMs / 1000).toFixed(1)} s`,
    )
    .join('; ')
  if (!(await io.confirm(`${what}. Go on?`))) {
    throw new PlatformError('REFUSED_FOR_SAFETY', `${what}; not confirmed`, {
      hint: 'Run it with --yes, or when a pause does no harm. `plan` shows every step.',
    })
  }
}
