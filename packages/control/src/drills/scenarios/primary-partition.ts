/** primary-partition: the primary is cut off from everybody; it lives on and knows nothing of the rest. */
import { networkName } from '@neuronha/core/render/compose.ts'
import { failedOver } from '../checks.ts'
import { disconnect } from '../faults/network.ts'
import { agentLoad, findPrimary, reconnectSteps, serving } from './parts.ts'
import type { Scenario } from './scenario.ts'

const KEPT_APART_MS = 40_000

export const primaryPartition: Scenario = {
  name: 'primary-partition',
  group: 'database',
  kind: 'failover',
  does: 'takes the primary off the network; a standby takes over, the old primary must acknowledge nothing, and it rejoins when the network is back',
  blastRadius: 'writes hang until a standby has taken over',
  bounds: { rtoMs: 30_000, wholeAgainMs: KEPT_APART_MS + 120_000 },
  load: agentLoad,
  plan: ({ spec }, status) => {
    const { name } = findPrimary(status)
    return Promise.resolve({
      target: name,
      what: `${name} is cut off from the network`,
      heal: reconnectSteps(spec, name),
      inject: () => disconnect(name, networkName(spec.name)),
      keepMs: KEPT_APART_MS,
      hasReturned: serving([name]),
      checks: [failedOver],
    })
  },
}
