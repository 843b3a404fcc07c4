/** etcd-member-down: etcd loses its leader and keeps its quorum. */
import { containersOf } from '@neuronha/core/topology/containers.ts'
import { gapAtMost, noFailover, noFence } from '../checks.ts'
import { agentLoad, etcdLeader, serving, startSteps } from './parts.ts'
import type { Scenario } from './scenario.ts'

const KEPT_DEAD_MS = 20_000

export const etcdMemberDown: Scenario = {
  name: 'etcd-member-down',
  group: 'database',
  kind: 'failover',
  does: 'kills etcd’s leader for 20 s; the others elect a new one: no failover, no fence, no gap above 1 s',
  blastRadius: 'nothing, if all is well',
  bounds: { rtoMs: 30_000, wholeAgainMs: KEPT_DEAD_MS + 90_000 },
  load: agentLoad,
  plan: ({ spec, containers }, status) => {
    const name = etcdLeader(status)
    return Promise.resolve({
      target: name,
      what: `etcd’s leader ${name} is killed`,
      heal: startSteps([name]),
      holds: { containers: [name] },
      inject: () => containers.kill([name]),
      keepMs: KEPT_DEAD_MS,
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
