/** etcd-leader-and-primary: both leaders die at once, as when they stood on one machine. */
import { failedOver } from '../checks.ts'
import { agentLoad, etcdLeader, findPrimary, serving, startSteps } from './parts.ts'
import type { Scenario } from './scenario.ts'

const KEPT_DEAD_MS = 40_000

export const etcdLeaderAndPrimary: Scenario = {
  name: 'etcd-leader-and-primary',
  group: 'database',
  kind: 'failover',
  does: 'kills the primary and etcd’s leader together and keeps them dead for 40 s; etcd elects, then a standby takes over',
  blastRadius: 'writes wait until a standby has taken over',
  bounds: { rtoMs: 30_000, wholeAgainMs: KEPT_DEAD_MS + 120_000 },
  load: agentLoad,
  plan: ({ containers }, status) => {
    const names = [etcdLeader(status), findPrimary(status).name]
    return Promise.resolve({
      target: names.join(' and '),
      what: `${names.join(' and ')} are killed together`,
      heal: startSteps(names),
      holds: { containers: names },
      inject: () => containers.kill(names),
      keepMs: KEPT_DEAD_MS,
      hasReturned: serving(names),
      checks: [failedOver],
    })
  },
}
