/** rolling-restart: every member restarts, standbys first, then a switchover, then the old primary. */
import { containersOf } from '@neuronha/core/topology/containers.ts'
import { allAnew, failedOver } from '../checks.ts'
import { agentLoad, serving } from './parts.ts'
import type { Scenario } from './scenario.ts'

export const rollingRestart: Scenario = {
  name: 'rolling-restart',
  group: 'planned',
  kind: 'failover',
  does: 'restarts every member, one after the other and the primary last, after a switchover; no client may see an error',
  blastRadius: 'writes wait for a second or two, once; one member less all the time',
  bounds: { rtoMs: 10_000, wholeAgainMs: 420_000 },
  load: agentLoad,
  plan: ({ spec, runCommand }) => {
    const members = containersOf(spec, 'member').map(({ name }) => name)
    return Promise.resolve({
      target: 'members',
      what: `all ${members.length} members restart, one after the other`,
      heal: [],
      inject: () => runCommand(['restart', 'member', '--yes']),
      hasReturned: serving(members),
      checks: [failedOver, allAnew(members)],
    })
  },
}
