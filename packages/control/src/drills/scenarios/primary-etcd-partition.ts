/** primary-etcd-partition: the primary loses etcd only. With failsafe and all members in reach that is no outage. */
import { addressesOf, containersOf } from '@neuronha/core/topology/containers.ts'
import { gapAtMost, noFailover, noFence } from '../checks.ts'
import { blockAddresses } from '../faults/network.ts'
import { agentLoad, findPrimary, serving } from './parts.ts'
import type { Scenario } from './scenario.ts'

/** Longer than a lease lives. */
const KEPT_APART_MS = 30_000

export const primaryEtcdPartition: Scenario = {
  name: 'primary-etcd-partition',
  group: 'database',
  kind: 'failover',
  does: 'drops every packet between the primary and etcd for 30 s; failsafe keeps it primary: no failover, no fence, no gap above 1 s',
  blastRadius: 'nothing, if all is well',
  bounds: { rtoMs: 30_000, wholeAgainMs: KEPT_APART_MS + 90_000 },
  load: agentLoad,
  plan: ({ spec }, status) => {
    const { name } = findPrimary(status)
    const addresses = [...addressesOf(spec, 'etcd')]
    return Promise.resolve({
      target: name,
      what: `${name} is cut off from etcd`,
      heal: [{ kind: 'unblock', container: name, addresses }],
      inject: () => blockAddresses(name, addresses),
      keepMs: KEPT_APART_MS,
      hasReturned: serving([name]),
      checks: [
        noFailover,
        noFence(containersOf(spec, 'member').map((member) => member.name)),
        gapAtMost('http', 1000),
        gapAtMost('sql', 1000),
      ],
    })
  },
}
