/** lagging-standby: a standby receives and stores everything, and replays nothing of it. */
import { noFailover, readsMoveAway } from '../checks.ts'
import { psql } from '../faults/psql.ts'
import { isStartupProcess, signalProcesses } from '../faults/processes.ts'
import { bytesOf } from '@neuronha/core/spec/quantities.ts'
import { agentLoad, findPrimary, findStandby, serving } from './parts.ts'
import type { Scenario } from './scenario.ts'

const KEPT_MS = 20_000
const MOVED_WITHIN_MS = 10_000
const MB = 1024 ** 2

export const laggingStandby: Scenario = {
  name: 'lagging-standby',
  group: 'database',
  kind: 'failover',
  does: 'stops replay on a standby (SIGSTOP of its startup process) while WAL comes in; reads move away from it, and nobody reads something stale',
  blastRadius: 'reads move to the other standbys',
  bounds: { rtoMs: 15_000, wholeAgainMs: KEPT_MS + 90_000 },
  load: agentLoad,
  plan: ({ spec }, status) => {
    const { name } = findStandby(status)
    const primary = findPrimary(status).name
    const wanted = bytesOf(spec.database.router.maxReadLag.bytes) * 4
    return Promise.resolve({
      target: name,
      what: `${name} stops replaying`,
      heal: [{ kind: 'continue', container: name }],
      inject: async () => {
        await signalProcesses(name, isStartupProcess, 'SIGSTOP')
        // More than the router's limit at once, so that the lag does not depend on the load's rate.
        const messages = Math.ceil(wanted / MB)
        await psql(
          primary,
          `select count(pg_logical_emit_message(false, 'drill', repeat('x', ${MB}))) from generate_series(1, ${messages});`,
        )
      },
      keepMs: KEPT_MS,
      hasReturned: serving([name]),
      checks: [noFailover, readsMoveAway(name, MOVED_WITHIN_MS)],
    })
  },
}
