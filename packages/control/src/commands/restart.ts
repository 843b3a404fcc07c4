/** `restart [COMPONENT|CONTAINER…]` and `reinit MEMBER`: planned work on single containers, one at a time. */
import { PlatformError } from '@neuronha/core/errors.ts'
import { servingContainers } from '@neuronha/core/topology/containers.ts'
import { predictedPrimaryReplacementMs } from '@neuronha/core/predict/predict-rto.ts'
import { withDrainedRouter } from '../apply/drain-router.ts'
import { assertClear } from '../planned/assert-clear.ts'
import { planPendingRestart, planRestart, type RestartAct } from '../planned/plan-restart.ts'
import { reinit } from '../planned/reinit.ts'
import { rollingRestart } from '../planned/rolling-restart.ts'
import { findContainers, findMember } from './containers.ts'
import type { ClusterChoice, CommandIo, OpenCluster } from './context.ts'
import { withPlannedCommand, type PlannedCommand } from './planned-context.ts'

export interface RestartOptions extends ClusterChoice {
  readonly targets: readonly string[]
  /** PostgreSQL alone, of the members whose changed settings wait for a restart. */
  readonly pending: boolean
  readonly force: boolean
  readonly yes: boolean
}

/** Settings whose value became smaller wait once more, until the primary has the smaller one too. */
const MOST_ROUNDS = 2

export async function restart(io: CommandIo, options: RestartOptions): Promise<void> {
  if (options.pending && options.targets.length > 0) {
    throw new PlatformError('USAGE', '--pending finds its members by itself', {
      hint: 'Leave out the names, or leave out --pending to restart whole containers.',
    })
  }
  await withPlannedCommand(io, options, async (command) => {
    const { deps, engine } = command
    const { status } = await assertClear(deps, 'restart', { force: options.force })
    const done: RestartAct[] = []
    const run = async (acts: readonly RestartAct[]): Promise<void> => {
      await rollingRestart(acts, {
        ...deps,
        engine,
        drainRouter: (router, act) => withDrainedRouter(command.cluster, router, act),
      })
      done.push(...acts)
    }
    if (options.pending) await runPending(command, run)
    else {
      const acts = planRestart(targetsOf(command.cluster, options.targets), status)
      await confirmStall(io, command.cluster, acts, options.yes)
      await run(acts)
    }
    io.out(io.json ? JSON.stringify({ done }, null, 2) : describe(done))
  })
}

async function runPending(
  { deps }: PlannedCommand,
  run: (acts: readonly RestartAct[]) => Promise<void>,
): Promise<void> {
  for (let round = 1; round <= MOST_ROUNDS; round += 1) {
    const acts = planPendingRestart(await deps.observe())
    if (acts.length === 0) return
    await run(acts)
  }
}

const targetsOf = (cluster: OpenCluster, words: readonly string[]) => {
  const names = new Set(words.flatMap((word) => findContainers(cluster, word)))
  return servingContainers(cluster.spec).filter(({ name }) => words.length === 0 || names.has(name))
}

/** A primary that nobody can stand in for is the one restart that clients notice. */
async function confirmStall(
  io: CommandIo,
  { spec }: OpenCluster,
  acts: readonly RestartAct[],
  yes: boolean,
): Promise<void> {
  const isAlone = spec.database.members === 1
  const hitsPrimary = acts.some((act) => act.kind === 'restart' && act.component === 'member')
  if (!isAlone || !hitsPrimary || yes) return
  const seconds = (predictedPrimaryReplacementMs(spec) / 1000).toFixed(1)
  const what = `the only member is restarted: writes and reads pause for about ${seconds} s`
  if (await io.confirm(`${what}. Go on?`)) return
  throw new PlatformError('REFUSED_FOR_SAFETY', `${what}; not confirmed`, {
    hint: 'Run it with --yes, or when a pause does no harm.',
  })
}

function describe(done: readonly RestartAct[]): string {
  const restarted = done.flatMap((act) => (act.kind === 'switchover' ? [] : [act.name]))
  if (restarted.length === 0) return 'Nothing waits for a restart.'
  const changes = done.length - restarted.length
  const also = changes > 0 ? ', after another member had become the primary' : ''
  return `Restarted ${restarted.join(', ')}${also}.`
}

export interface ReinitOptions extends ClusterChoice {
  readonly member: string
  readonly force: boolean
  readonly yes: boolean
}

export async function reinitCommand(io: CommandIo, options: ReinitOptions): Promise<void> {
  await withPlannedCommand(io, options, async ({ cluster, deps }) => {
    const name = findMember(cluster, options.member)
    const question = `This throws away the data of ${name} and copies it anew. Go on?`
    if (!options.yes && !(await io.confirm(question))) {
      throw new PlatformError('REFUSED_FOR_SAFETY', `${name} was not rebuilt: not confirmed`, {
        hint: 'Answer yes, or pass --yes.',
      })
    }
    await reinit(name, { force: options.force }, deps)
    io.out(io.json ? JSON.stringify({ rebuilt: name }) : `${name} was built anew and streams.`)
  })
}
