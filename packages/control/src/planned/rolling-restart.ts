/**
 * Restarts containers one by one, each only when the one before serves again. Members wait for all others first, so that
 * never two are away; a router's sessions are moved away first, instead of being cut at the end of its grace.
 */
import { PlatformError } from '@neuronha/core/errors.ts'
import { isServing, waitForStatus } from '../apply/wait.ts'
import { withHolds } from '../coordination/holds.ts'
import type { Engine } from '../engine/engine.ts'
import { runStep } from '../setup/progress.ts'
import type { RestartAct } from './plan-restart.ts'
import type { PlannedDeps } from './ports.ts'
import { switchover } from './switchover.ts'

const SERVING_TIMEOUT_MS = 180_000

export interface RestartDeps extends PlannedDeps {
  readonly engine: Pick<Engine, 'restart'>
  /** Runs an act while no client depends on this router. */
  readonly drainRouter: (router: string, act: () => Promise<void>) => Promise<void>
}

export async function rollingRestart(
  acts: readonly RestartAct[],
  deps: RestartDeps,
): Promise<void> {
  for (const act of acts) {
    if (deps.signal.aborted)
      throw new PlatformError(
        'INTERRUPTED',
        'the restart was interrupted; what was restarted serves',
      )
    await perform(act, deps)
  }
}

async function perform(act: RestartAct, deps: RestartDeps): Promise<void> {
  if (act.kind === 'switchover') {
    await switchover({ why: `${act.from} is going to be restarted` }, deps)
    return
  }
  const { name } = act
  const isMember = act.kind === 'restart-postgres' || act.component === 'member'
  const title = act.kind === 'restart' ? `restart ${name}` : `restart PostgreSQL of ${name}`
  await runStep(deps.progress, title, async (step) => {
    if (isMember) await waitForOthers(name, deps)
    const hold = { containers: [name], by: 'restart', why: title }
    const restartAndWait = async (): Promise<void> => {
      await (act.kind === 'restart' ? deps.engine.restart(name) : restartPostgres(name, deps))
      await waitForStatus(deps, `${name} serving again`, (status) => isServing(status, name), {
        timeoutMs: SERVING_TIMEOUT_MS,
        signal: deps.signal,
        onLook: ({ reasons }) => step.note(reasons[0] ?? ''),
      })
    }
    const isRouter = act.kind === 'restart' && act.component === 'router'
    await withHolds(deps.kv, deps.cluster, hold, () =>
      isRouter ? deps.drainRouter(name, restartAndWait) : restartAndWait(),
    )
  })
  deps.record({ kind: 'restart.done', summary: `${title}: done`, target: name, actor: deps.actor })
}

const waitForOthers = async (name: string, deps: RestartDeps): Promise<void> => {
  await waitForStatus(
    deps,
    `all members but ${name} serving`,
    (status) =>
      status.members.every((member) => member.name === name || isServing(status, member.name)),
    { timeoutMs: SERVING_TIMEOUT_MS, signal: deps.signal },
  )
}

/** Patroni answers when it is done; that nothing waits any more is as good. */
async function restartPostgres(name: string, deps: RestartDeps): Promise<void> {
  const { status, words } = await deps.patroni.restart(name)
  if (status < 300 || /restart conditions are not satisfied/i.test(words)) return
  throw new PlatformError('COMMAND_FAILED', `Patroni of ${name} refused (${status}): ${words}`)
}
