/** The steps of `up` that touch the running database path: each holds what it touches, and none cuts a client off. */
import type { Step } from '@neuronha/core/plan/plan-up.ts'
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import { loadTls } from '@neuronha/runtime/tls.ts'
import { actorHere, type CommandAudit } from '../commands/audit.ts'
import type { OpenCluster } from '../commands/context.ts'
import { cliTlsFiles } from '../commands/open-kv.ts'
import { takeHolds } from '../coordination/holds.ts'
import { reloadProcess } from '../engine/compose.ts'
import { createSocketEngine } from '../engine/engine.ts'
import { createPlannedDeps } from '../planned/create-planned-deps.ts'
import type { PlannedDeps } from '../planned/ports.ts'
import { switchover } from '../planned/switchover.ts'
import type { Progress } from '../setup/progress.ts'
import { loadApplied, saveApplied } from '../state/state-folder.ts'
import type { Desired } from './desired.ts'
import { createRunningObserver, plannedConfigOfRunning } from './running-cluster.ts'
import { isServing, primaryOf, waitForStatus } from './wait.ts'

export interface ChangeHandsOptions {
  readonly cluster: OpenCluster
  readonly desired: Desired
  readonly audit: Pick<CommandAudit, 'kv' | 'record'>
  readonly progress: Progress
  readonly signal: AbortSignal
  /**
   * Members that served when `up` began. Only they are waited for between steps: a new one may not be able to copy before
   * the others have their new configuration, and a broken one must not keep its own repair away.
   */
  readonly servedAtStart: ReadonlySet<string>
}

const MEMBERS_TIMEOUT_MS = 180_000

/** Planned work on the cluster as it stands, with members that are on their way out. */
async function withRunningDeps<T>(
  options: ChangeHandsOptions,
  act: (deps: PlannedDeps) => Promise<T>,
): Promise<T> {
  const { cluster, audit, progress, signal } = options
  const present = await createSocketEngine({ cluster: cluster.spec.name }).list()
  const observer = createRunningObserver(cluster, present)
  const { deps, close } = createPlannedDeps(
    plannedConfigOfRunning(cluster, present),
    loadTls(cliTlsFiles(cluster)),
    {
      kv: audit.kv,
      record: audit.record,
      progress,
      signal,
      actor: actorHere(),
      observe: () => observer.observe(),
    },
  )
  try {
    return await act(deps)
  } finally {
    await Promise.all([close(), observer.close()])
  }
}

/** The other members that stay serve, and there is a primary, whoever it is. */
export const waitForOtherMembers = (name: string, options: ChangeHandsOptions): Promise<void> =>
  withRunningDeps(options, (deps) => waitForStaying(name, deps, options))

async function waitForStaying(
  name: string,
  deps: PlannedDeps,
  { desired, signal, servedAtStart }: ChangeHandsOptions,
): Promise<void> {
  const staying = namesOfMembers(desired).filter(
    (member) => member !== name && servedAtStart.has(member),
  )
  await waitForStatus(
    deps,
    `all members but ${name} serving`,
    (status) =>
      primaryOf(status) !== undefined && staying.every((member) => isServing(status, member)),
    { timeoutMs: MEMBERS_TIMEOUT_MS, signal },
  )
}

const namesOfMembers = ({ containers }: Desired): readonly string[] =>
  containers.filter(({ component }) => component === 'member').map(({ name }) => name)

/** Makes a member that stays the primary. Nothing to do when the primary has changed since the plan was made. */
export async function changePrimary(step: Step, options: ChangeHandsOptions): Promise<void> {
  const [from = ''] = step.targets
  await withRunningDeps(options, async (deps) => {
    await waitForStaying(from, deps, options)
    if (primaryOf(await deps.observe()) !== from) return
    await switchover({ among: namesOfMembers(options.desired), why: step.why }, deps)
  })
}

/** Keeps the controllers' hands off while a container is being changed. Without etcd they have no hands. */
export async function whileHeld(
  name: string,
  why: string,
  { audit, cluster }: ChangeHandsOptions,
  act: () => Promise<void>,
): Promise<void> {
  const held = await takeHolds(audit.kv, cluster.spec.name, {
    containers: [name],
    by: 'up',
    why,
  }).catch(toPlatformError)
  try {
    await act()
  } finally {
    if (!(held instanceof PlatformError)) await held.release()
  }
}

/** Has running processes read their files anew, and remembers that they did: their labels keep the old hash. */
export async function reloadContainers(
  { targets }: Step,
  { cluster: { spec, state }, desired }: ChangeHandsOptions,
): Promise<void> {
  const present = await createSocketEngine({ cluster: spec.name }).list()
  for (const name of targets) {
    await reloadProcess(name)
    const id = present.find((container) => container.name === name)?.id
    const config = desired.containers.find((container) => container.name === name)?.config
    if (id === undefined || config === undefined) continue
    const applied = (await loadApplied(state)) ?? { source: null }
    const reloaded = { ...applied.reloaded, [name]: { id, config } }
    await saveApplied(state, { ...applied, reloaded })
  }
}
