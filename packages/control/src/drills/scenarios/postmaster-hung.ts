/** postmaster-hung: only the postmaster stops. Sessions that exist go on committing; new ones hang for ever. */
import { existingSessionsGoOn } from '../checks.ts'
import { isPostmaster, signalProcesses } from '../faults/processes.ts'
import { agentLoad, findPrimary, serving, startSteps } from './parts.ts'
import type { Scenario } from './scenario.ts'

const KEPT_HUNG_MS = 40_000
/** A hang of new connections alone is believed after 5 s at the earliest. */
const UNDISTURBED_MS = 4000

export const postmasterHung: Scenario = {
  name: 'postmaster-hung',
  group: 'database',
  kind: 'failover',
  does: 'stops the primary’s postmaster (SIGSTOP): existing sessions go on, new ones hang; both are measured, and the RTO counts new connections',
  blastRadius: 'new connections to the database hang; then writes wait while a standby takes over',
  bounds: { rtoMs: KEPT_HUNG_MS + 15_000, wholeAgainMs: KEPT_HUNG_MS + 120_000 },
  load: (context) => ({ ...agentLoad(context), newConnections: true }),
  plan: (_context, status) => {
    const { name } = findPrimary(status)
    return Promise.resolve({
      target: name,
      what: `the postmaster of ${name} is stopped (SIGSTOP)`,
      heal: [{ kind: 'continue', container: name }, ...startSteps([name])],
      inject: () => signalProcesses(name, isPostmaster, 'SIGSTOP'),
      keepMs: KEPT_HUNG_MS,
      hasReturned: serving([name]),
      checks: [existingSessionsGoOn(UNDISTURBED_MS)],
    })
  },
}
