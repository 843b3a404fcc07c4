/** pooler-kill: one pooler dies with its clients' connections, and the engine starts it again. */
import { agentLoad, killed } from './parts.ts'
import type { Scenario } from './scenario.ts'

export const poolerKill: Scenario = {
  name: 'pooler-kill',
  group: 'path',
  kind: 'failover',
  does: 'kills one pooler (SIGKILL); clients go on through the other one',
  blastRadius: 'transactions in flight through that pooler are retried',
  bounds: { rtoMs: 10_000, wholeAgainMs: 60_000 },
  load: agentLoad,
  plan: killed('pooler'),
}
