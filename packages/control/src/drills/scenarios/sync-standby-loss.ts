/** sync-standby-loss: a standby whose acknowledgement commits wait for dies. */
import { noFailover } from '../checks.ts'
import { agentLoad, findStandby, serving, startSteps } from './parts.ts'
import type { Scenario } from './scenario.ts'

const KEPT_DEAD_MS = 20_000

export const syncStandbyLoss: Scenario = {
  name: 'sync-standby-loss',
  group: 'database',
  kind: 'failover',
  does: 'kills a sync standby for 20 s; another one acknowledges in its place, and reads go elsewhere',
  blastRadius: 'reads in flight on that standby are retried',
  bounds: { rtoMs: 15_000, wholeAgainMs: KEPT_DEAD_MS + 90_000 },
  load: agentLoad,
  plan: ({ containers }, status) => {
    const { name } = findStandby(status)
    return Promise.resolve({
      target: name,
      what: `the sync standby ${name} is killed`,
      heal: startSteps([name]),
      holds: { containers: [name] },
      inject: () => containers.kill([name]),
      keepMs: KEPT_DEAD_MS,
      hasReturned: serving([name]),
      checks: [noFailover],
    })
  },
}
