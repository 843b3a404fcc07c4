/** two-standbys-loss: two standbys die at once; the last one acknowledges alone. */
import { noFailover } from '../checks.ts'
import { agentLoad, findStandbys, serving, startSteps } from './parts.ts'
import type { Scenario } from './scenario.ts'

const KEPT_DEAD_MS = 20_000
/** One must be left to acknowledge. */
const NEEDED = 3

export const twoStandbysLoss: Scenario = {
  name: 'two-standbys-loss',
  group: 'database',
  kind: 'failover',
  does: 'kills two of the standbys for 20 s; writes go on with the one that is left',
  blastRadius: 'reads move to what is left; the loss of the primary now would stop writes',
  bounds: { rtoMs: 15_000, wholeAgainMs: KEPT_DEAD_MS + 90_000 },
  load: agentLoad,
  plan: ({ containers }, status) => {
    const names = findStandbys(status, NEEDED)
      .slice(0, 2)
      .map(({ name }) => name)
    return Promise.resolve({
      target: names.join(' and '),
      what: `the standbys ${names.join(' and ')} are killed`,
      heal: startSteps(names),
      holds: { containers: names },
      inject: () => containers.kill(names),
      keepMs: KEPT_DEAD_MS,
      hasReturned: serving(names),
      checks: [noFailover],
    })
  },
}
