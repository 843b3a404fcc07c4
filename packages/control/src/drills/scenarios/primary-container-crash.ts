/** primary-container-crash: the first process of the primary's container dies, and the engine starts it again. */
import { killFirstProcess } from '../faults/processes.ts'
import { agentLoad, findPrimary, PATIENT, servingAnew, startSteps } from './parts.ts'
import type { Scenario } from './scenario.ts'

export const primaryContainerCrash: Scenario = {
  name: 'primary-container-crash',
  group: 'database',
  kind: 'failover',
  does: 'kills the first process of the primary’s container (SIGKILL from the machine), so that the engine restarts it; nothing may be lost and no client may see an error',
  blastRadius: 'writes wait for a few seconds; the old primary rejoins',
  bounds: PATIENT,
  load: agentLoad,
  plan: async ({ containers }, status) => {
    const { name } = findPrimary(status)
    return {
      target: name,
      what: `the first process of ${name} is killed (SIGKILL); the engine restarts it`,
      heal: startSteps([name]),
      inject: () => killFirstProcess(name),
      hasReturned: await servingAnew(containers, [name]),
    }
  },
}
