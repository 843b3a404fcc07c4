/** backend-crash: one session's process dies by SIGKILL, and PostgreSQL restarts all of them in place. */
import { ROLES } from '@neuronha/core/topology/roles.ts'
import { findProcesses, isBackendOf, signalProcesses } from '../faults/processes.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { agentLoad, findPrimary, PATIENT, serving, startSteps } from './parts.ts'
import type { Scenario } from './scenario.ts'

const isVictim = isBackendOf(ROLES.drill.name)

export const backendCrash: Scenario = {
  name: 'backend-crash',
  group: 'database',
  kind: 'failover',
  does: 'kills one session’s process on the primary (SIGKILL); PostgreSQL ends all sessions and recovers, or a standby takes over, and no client may see an error',
  blastRadius: 'every session of the primary ends; writes wait for a second or two',
  bounds: PATIENT,
  load: agentLoad,
  plan: async (_context, status) => {
    const { name } = findPrimary(status)
    const [victim] = await findProcesses(name, isVictim)
    if (victim === undefined) {
      throw new PlatformError('REFUSED_FOR_SAFETY', `${name} has no session of the load`)
    }
    return {
      target: name,
      what: `one session’s process on ${name} is killed (SIGKILL)`,
      heal: startSteps([name]),
      inject: () => signalProcesses(name, ({ pid }) => pid === victim.pid, 'SIGKILL'),
      hasReturned: serving([name]),
    }
  },
}
