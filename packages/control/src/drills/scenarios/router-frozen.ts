/** router-frozen: one router stops with every connection open; poolers must find the other one. */
import { agentLoad, frozen } from './parts.ts'
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
  plan: frozen('router', KEPT_FROZEN_MS),
}
