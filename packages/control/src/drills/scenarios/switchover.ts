/** switchover: the primary is changed on purpose; clients wait and nobody sees an error. */
import { RETRY_POLICY } from '@neuronha/core/config/loadgen.ts'
import { failedOver } from '../checks.ts'
import { agentLoad, findPrimary, serving } from './parts.ts'
import type { Scenario } from './scenario.ts'

export const switchover: Scenario = {
  name: 'switchover',
  group: 'planned',
  kind: 'failover',
  does: 'changes the primary on purpose, while the poolers hold the clients; no client may see an error',
  blastRadius: 'writes wait for a second or two',
  // Clients are held for 8.5 s at most, and then wait for a connection; who retries as documented is still there.
  bounds: { rtoMs: RETRY_POLICY.totalMs, wholeAgainMs: 120_000 },
  load: agentLoad,
  plan: ({ runCommand }, status) => {
    const { name } = findPrimary(status)
    return Promise.resolve({
      target: name,
      what: `another member takes the place of ${name}`,
      heal: [],
      inject: () => runCommand(['switchover']),
      hasReturned: serving([name]),
      checks: [failedOver],
    })
  },
}
