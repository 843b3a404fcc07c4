/** router-kill: one router dies with every connection that went through it, and the engine starts it again. */
import { agentLoad, killed } from './parts.ts'
import type { Scenario } from './scenario.ts'

export const routerKill: Scenario = {
  name: 'router-kill',
  group: 'path',
  kind: 'failover',
  does: 'kills one router (SIGKILL); poolers go on through the other one',
  blastRadius: 'transactions in flight through that router are retried',
  bounds: { rtoMs: 10_000, wholeAgainMs: 60_000 },
  load: agentLoad,
  plan: killed('router'),
}
