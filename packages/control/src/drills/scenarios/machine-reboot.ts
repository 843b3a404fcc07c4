/**
 * machine-reboot: every container is killed in one moment and started again a little later, as the engine does after
 * the machine lost power. The engine itself is not restarted: it may carry other work than this cluster.
 */
import { servingContainers } from '@neuronha/core/topology/containers.ts'
import { agentLoad, servingAnew, startSteps } from './parts.ts'
import type { Scenario } from './scenario.ts'

const DARK_MS = 5000

export const machineReboot: Scenario = {
  name: 'machine-reboot',
  group: 'control',
  kind: 'failover',
  needsController: true,
  mayShowErrors: true,
  does: 'kills every container of the cluster at once and starts them all 5 s later; the cluster finds itself again and has every acknowledged write',
  blastRadius: 'nothing answers until the cluster stands again; clients that give up see errors',
  bounds: { rtoMs: 120_000, wholeAgainMs: 180_000 },
  load: agentLoad,
  plan: async ({ spec, containers }) => {
    const names = servingContainers(spec).map(({ name }) => name)
    return {
      target: 'everything',
      what: `all ${names.length} containers are killed at once`,
      heal: startSteps(names),
      inject: async ({ sleep, note }) => {
        await containers.kill(names)
        note('nothing runs any more')
        await sleep(DARK_MS)
        await containers.start(names)
        note('all containers are started')
      },
      hasReturned: await servingAnew(containers, names),
    }
  },
}
