/** second-host-loss: the member that has just taken over loses its host too, before it has settled. */
import type { MemberStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { failedOver } from '../checks.ts'
import type { ContainerActs } from '../faults/acts-on-containers.ts'
import { agentLoad, findPrimary, findStandbys, serving, startSteps } from './parts.ts'
import type { Act, Scenario, Stage } from './scenario.ts'

const SECOND_KEPT_DEAD_MS = 10_000
const FIRST_KEPT_LONGER_MS = 5000
const PROMOTED_WITHIN_MS = 30_000
const LOOK_EVERY_MS = 100
/** One to take over, one to acknowledge its commits, one to be left. */
const NEEDED = 3

/** The member that took over, once it has been promoted: having the lock alone is not enough. */
async function successorOf(first: MemberStatus, { observe, sleep, nowMs }: Stage): Promise<string> {
  const until = nowMs() + PROMOTED_WITHIN_MS
  while (nowMs() < until) {
    const successor = (await observe()).members.find(
      ({ name, role, timeline }) =>
        role === 'primary' && name !== first.name && timeline !== first.timeline,
    )
    if (successor !== undefined) return successor.name
    await sleep(LOOK_EVERY_MS)
  }
  throw new PlatformError(
    'CLUSTER_DEGRADED',
    `nobody took over from ${first.name} within ${PROMOTED_WITHIN_MS / 1000} s`,
  )
}

const kill = (containers: ContainerActs, name: string): Act => ({
  target: name,
  what: `${name}, which has just taken over, is killed and kept dead for ${SECOND_KEPT_DEAD_MS / 1000} s`,
  heal: startSteps([name]),
  holds: { containers: [name] },
  inject: () => containers.kill([name]),
  keepMs: SECOND_KEPT_DEAD_MS,
  hasReturned: serving([name]),
})

export const secondHostLoss: Scenario = {
  name: 'second-host-loss',
  group: 'database',
  kind: 'failover',
  does: 'kills the primary’s container, and the one that takes over as soon as it has; a third member takes over only if it certainly has every acknowledged write, else the second one goes on when it is back: nothing may be lost',
  blastRadius:
    'writes wait until a member with every commit is there, which may be the second one after 10 s; clients may see errors',
  bounds: { rtoMs: SECOND_KEPT_DEAD_MS + 30_000, wholeAgainMs: 150_000 },
  mayShowErrors: true,
  load: agentLoad,
  plan: ({ containers }, status) => {
    const primary = findPrimary(status)
    const { name } = primary
    const names = [name, ...findStandbys(status, NEEDED).map((standby) => standby.name)]
    return Promise.resolve({
      target: name,
      what: `${name} is killed and kept dead`,
      heal: startSteps(names),
      holds: { containers: [name] },
      inject: async (stage) => {
        await containers.kill([name])
        await stage.act('second loss', kill(containers, await successorOf(primary, stage)))
      },
      keepMs: FIRST_KEPT_LONGER_MS,
      hasReturned: serving(names),
      checks: [failedOver],
    })
  },
}
