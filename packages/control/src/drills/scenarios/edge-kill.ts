/** edge-kill: the front door itself dies, and the engine starts it again. */
import { killFirstProcess } from '../faults/processes.ts'
import { agentLoad, firstOf, servingAnew, startSteps } from './parts.ts'
import type { Scenario } from './scenario.ts'

export const edgeKill: Scenario = {
  name: 'edge-kill',
  group: 'path',
  kind: 'service',
  does: 'kills an edge (SIGKILL); clients that retry get their answers from it again, or from the next one',
  blastRadius: 'requests in flight are cut off and retried',
  bounds: { rtoMs: 10_000, wholeAgainMs: 60_000 },
  load: agentLoad,
  plan: async ({ spec }) => {
    const name = firstOf(spec, 'edge')
    return {
      target: name,
      what: `${name} is killed (SIGKILL)`,
      heal: startSteps([name]),
      inject: () => killFirstProcess(name),
      hasReturned: await servingAnew([name]),
    }
  },
}
