/** controller-kill-before: the active controller dies, and before the other one is active the primary's host is lost. */
import { failedOver } from '../checks.ts'
import { activeController, agentLoad, findPrimary, serving, startSteps } from './parts.ts'
import type { Scenario } from './scenario.ts'

const KEPT_DEAD_MS = 40_000
const BETWEEN_MS = 300

export const controllerKillBefore: Scenario = {
  name: 'controller-kill-before',
  group: 'control',
  kind: 'failover',
  needsController: true,
  does: 'kills the active controller and, 0.3 s later, the primary’s host; the other controller takes over, or Patroni does, and nothing is lost',
  blastRadius: 'writes wait until a standby has taken over, a few seconds longer than otherwise',
  bounds: { rtoMs: 30_000, wholeAgainMs: KEPT_DEAD_MS + 120_000 },
  load: agentLoad,
  plan: ({ containers }, status) => {
    const controller = activeController(status)
    const { name } = findPrimary(status)
    return Promise.resolve({
      target: name,
      what: `the active controller ${controller} is killed, then ${name}`,
      heal: startSteps([controller, name]),
      holds: { containers: [controller, name] },
      inject: async ({ sleep, note }) => {
        await containers.kill([controller])
        await sleep(BETWEEN_MS)
        await containers.kill([name])
        note(`${name} is killed`)
      },
      keepMs: KEPT_DEAD_MS,
      hasReturned: serving([controller, name]),
      checks: [failedOver],
    })
  },
}
