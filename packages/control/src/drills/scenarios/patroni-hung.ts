/** patroni-hung: the primary's Patroni stops while PostgreSQL is healthy and goes on acknowledging writes. */
import { isPatroni, signalProcesses } from '../faults/processes.ts'
import { agentLoad, findPrimary, serving, startSteps } from './parts.ts'
import type { Scenario } from './scenario.ts'

const KEPT_HUNG_MS = 40_000

export const patroniHung: Scenario = {
  name: 'patroni-hung',
  group: 'database',
  kind: 'failover',
  does: 'stops the primary’s Patroni (SIGSTOP) while its PostgreSQL works; the member must be replaced before two members could acknowledge writes',
  blastRadius: 'writes wait while a standby takes over',
  bounds: { rtoMs: 30_000, wholeAgainMs: KEPT_HUNG_MS + 120_000 },
  load: agentLoad,
  plan: (_context, status) => {
    const { name } = findPrimary(status)
    return Promise.resolve({
      target: name,
      what: `Patroni of ${name} is stopped (SIGSTOP)`,
      heal: [{ kind: 'continue', container: name }, ...startSteps([name])],
      inject: () => signalProcesses(name, isPatroni, 'SIGSTOP'),
      keepMs: KEPT_HUNG_MS,
      hasReturned: serving([name]),
    })
  },
}
