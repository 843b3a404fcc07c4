/** router-frozen: one router stops with every connection open; poolers must find the other one. */
import { pauseContainer } from '../faults/acts-on-containers.ts'
import { agentLoad, firstOf, serving, thawSteps } from './parts.ts'
import type { Scenario } from './scenario.ts'

const KEPT_FROZEN_MS = 20_000

export const routerFrozen: Scenario = {
  name: 'router-frozen',
  group: 'path',
  kind: 'failover',
  does: 'freezes one router for 20 s; poolers notice and go on through the other one',
  blastRadius: 'statements in flight through that router hang until they are given up and retried',
  bounds: { rtoMs: 15_000, wholeAgainMs: KEPT_FROZEN_MS + 60_000 },
  load: agentLoad,
  plan: ({ spec }) => {
    const name = firstOf(spec, 'router')
    return Promise.resolve({
      target: name,
      what: `${name} is frozen (paused)`,
      heal: thawSteps(name),
      inject: () => pauseContainer(name),
      keepMs: KEPT_FROZEN_MS,
      hasReturned: serving([name]),
    })
  },
}
