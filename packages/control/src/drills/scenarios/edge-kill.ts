/** edge-kill: the front door itself dies, and the engine starts it again. */
import { agentLoad, killed } from './parts.ts'
import type { Scenario } from './scenario.ts'

export const edgeKill: Scenario = {
  name: 'edge-kill',
  group: 'path',
  kind: 'service',
  does: 'kills an edge (SIGKILL); clients that retry get their answers from it again, or from the next one',
  blastRadius: 'requests in flight are cut off and retried',
  bounds: { rtoMs: 10_000, wholeAgainMs: 60_000 },
  load: agentLoad,
  plan: killed('edge'),
}
