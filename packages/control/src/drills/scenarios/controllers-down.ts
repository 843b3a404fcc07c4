/** controllers-down: every controller is dead when the primary's host is lost; Patroni alone must do it. */
import { containersOf } from '@neuronha/core/topology/containers.ts'
import { failedOver } from '../checks.ts'
import { agentLoad, findPrimary, serving, startSteps } from './parts.ts'
import type { Scenario } from './scenario.ts'

const KEPT_DEAD_MS = 60_000
/** So that nothing of the active controller's work is left. */
const SETTLE_MS = 2000

export const controllersDown: Scenario = {
  name: 'controllers-down',
  group: 'control',
  kind: 'failover',
  needsController: true,
  mayShowErrors: true,
  does: 'kills every controller, then the primary’s host; Patroni fails over by itself within its lease, and nothing is lost',
  blastRadius:
    'writes wait until the lease of the primary has ended, about 22 s; some clients give up',
  bounds: { rtoMs: 40_000, wholeAgainMs: KEPT_DEAD_MS + 120_000 },
  load: agentLoad,
  plan: ({ spec, containers }, status) => {
    const controllers = containersOf(spec, 'controller').map((controller) => controller.name)
    const { name } = findPrimary(status)
    return Promise.resolve({
      target: name,
      what: `${controllers.join(', ')} are killed, then ${name}`,
      heal: startSteps([...controllers, name]),
      holds: { containers: [...controllers, name] },
      inject: async ({ sleep, note }) => {
        await containers.kill(controllers)
        await sleep(SETTLE_MS)
        await containers.kill([name])
        note(`${name} is killed`)
      },
      keepMs: KEPT_DEAD_MS,
      hasReturned: serving([...controllers, name]),
      checks: [failedOver],
    })
  },
}
