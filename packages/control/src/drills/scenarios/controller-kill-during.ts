/** controller-kill-during: the active controller dies in the middle of the failover that it is carrying out. */
import { failedOver } from '../checks.ts'
import { activeController, agentLoad, findPrimary, serving, startSteps } from './parts.ts'
import type { Scenario } from './scenario.ts'

const KEPT_DEAD_MS = 40_000

export const controllerKillDuring: Scenario = {
  name: 'controller-kill-during',
  group: 'control',
  kind: 'failover',
  needsController: true,
  does: 'kills the primary’s host and the active controller 0, 1 or 2 s later (--after); the other controller continues or abandons what was begun, and nothing is lost',
  blastRadius: 'writes wait until a standby has taken over, a few seconds longer than otherwise',
  bounds: { rtoMs: 30_000, wholeAgainMs: KEPT_DEAD_MS + 120_000 },
  variants: [{ afterSeconds: 0 }, { afterSeconds: 1 }, { afterSeconds: 2 }],
  load: agentLoad,
  plan: ({ options, containers }, status) => {
    const controller = activeController(status)
    const { name } = findPrimary(status)
    const afterSeconds = options.afterSeconds ?? 0
    return Promise.resolve({
      target: name,
      what: `${name} is killed, and ${afterSeconds} s later the active controller ${controller}`,
      heal: startSteps([controller, name]),
      holds: { containers: [controller, name] },
      inject: async ({ sleep, note }) => {
        await containers.kill([name])
        await sleep(afterSeconds * 1000)
        await containers.kill([controller])
        note(`${controller} is killed`)
      },
      keepMs: KEPT_DEAD_MS,
      hasReturned: serving([controller, name]),
      checks: [failedOver],
    })
  },
}
