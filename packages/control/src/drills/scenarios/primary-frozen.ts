/** primary-frozen: every process of the primary's container stops, without a word to anybody. */
import { failedOver } from '../checks.ts'
import { agentLoad, findPrimary, serving, thawSteps } from './parts.ts'
import type { Scenario } from './scenario.ts'

const KEPT_FROZEN_MS = 40_000

export const primaryFrozen: Scenario = {
  name: 'primary-frozen',
  group: 'database',
  kind: 'failover',
  does: 'pauses the primary’s container: connections stay open and nothing answers; a standby takes over, and the thawed primary must acknowledge nothing',
  blastRadius: 'writes hang until a standby has taken over',
  bounds: { rtoMs: 30_000, wholeAgainMs: KEPT_FROZEN_MS + 120_000 },
  load: agentLoad,
  plan: ({ containers }, status) => {
    const { name } = findPrimary(status)
    return Promise.resolve({
      target: name,
      what: `${name} is frozen (paused)`,
      heal: thawSteps(name),
      inject: () => containers.pause(name),
      keepMs: KEPT_FROZEN_MS,
      hasReturned: serving([name]),
      checks: [failedOver],
    })
  },
}
