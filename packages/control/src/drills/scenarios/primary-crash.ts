/** primary-crash: the primary's postmaster dies by SIGKILL, as in a crash of PostgreSQL itself. */
import { failedOver } from '../checks.ts'
import { findProcesses, isPostmaster, signalProcesses } from '../faults/processes.ts'
import { agentLoad, findPrimary, PATIENT, serving, startSteps } from './parts.ts'
import type { Scenario } from './scenario.ts'

export const primaryCrash: Scenario = {
  name: 'primary-crash',
  group: 'database',
  kind: 'failover',
  does: 'kills the postmaster of the primary (SIGKILL) under load; no acknowledged write may be lost and no client may see an error',
  blastRadius: 'writes wait for a few seconds while a standby takes over; the old primary rejoins',
  bounds: PATIENT,
  load: agentLoad,
  plan: async (_context, status) => {
    const { name } = findPrimary(status)
    const [before] = await findProcesses(name, isPostmaster)
    return {
      target: name,
      what: `the postmaster of ${name} is killed (SIGKILL)`,
      heal: startSteps([name]),
      inject: () => signalProcesses(name, isPostmaster, 'SIGKILL'),
      hasReturned: async (now) => {
        const [after] = await findProcesses(name, isPostmaster)
        return after !== undefined && after.pid !== before?.pid && (await serving([name])(now))
      },
      checks: [failedOver],
    }
  },
}
