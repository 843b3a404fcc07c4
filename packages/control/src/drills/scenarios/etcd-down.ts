/** etcd-down: no member of etcd is left. Patroni cannot renew its lease; failsafe keeps the primary. */
import { containersOf } from '@neuronha/core/topology/containers.ts'
import { gapAtMost, noFailover, noFence } from '../checks.ts'
import { agentLoad, serving, startSteps } from './parts.ts'
import type { Scenario } from './scenario.ts'

/** Longer than a lease lives. */
const KEPT_DEAD_MS = 30_000
/** Three containers that are started at once keep a small machine busy for longer than a second. */
const MOST_GAP_MS = 3000

export const etcdDown: Scenario = {
  name: 'etcd-down',
  group: 'database',
  kind: 'failover',
  does: 'kills every member of etcd for 30 s; failsafe keeps the primary: no failover, no fence, no gap above 3 s',
  blastRadius: 'nothing, if all is well; meanwhile nothing can fail over',
  bounds: { rtoMs: 30_000, wholeAgainMs: KEPT_DEAD_MS + 90_000 },
  load: agentLoad,
  plan: ({ spec, containers }) => {
    const etcd = containersOf(spec, 'etcd').map(({ name }) => name)
    return Promise.resolve({
      target: 'etcd',
      what: `all of etcd is killed: ${etcd.join(', ')}`,
      heal: startSteps(etcd),
      holds: { containers: etcd },
      inject: () => containers.kill(etcd),
      keepMs: KEPT_DEAD_MS,
      hasReturned: serving(etcd),
      checks: [
        noFailover,
        noFence(containersOf(spec, 'member').map(({ name }) => name)),
        gapAtMost('http', MOST_GAP_MS),
        gapAtMost('sql', MOST_GAP_MS),
      ],
    })
  },
}
