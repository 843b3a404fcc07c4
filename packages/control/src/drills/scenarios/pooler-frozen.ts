/** pooler-frozen: one pooler stops answering with every connection open. */
import { agentLoad, frozen } from './parts.ts'
import type { Scenario } from './scenario.ts'

const KEPT_FROZEN_MS = 20_000

export const poolerFrozen: Scenario = {
  name: 'pooler-frozen',
  group: 'path',
  kind: 'failover',
  does: 'freezes one pooler for 20 s; clients notice and go on through the other one',
  blastRadius: 'requests in flight through that pooler hang until their try ends, then are retried',
  bounds: { rtoMs: 10_000, wholeAgainMs: KEPT_FROZEN_MS + 60_000 },
  load: agentLoad,
  plan: frozen('pooler', KEPT_FROZEN_MS),
}
