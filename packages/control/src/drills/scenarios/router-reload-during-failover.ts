/**
 * router-reload-during-failover: HAProxy takes a server for up until its first check. Routers that load their
 * configuration while a standby is being promoted must still not send a write to the wrong member.
 */
import { containersOf } from '@neuronha/core/topology/containers.ts'
import { failedOver } from '../checks.ts'
import { isPostmaster, signalFirstProcess, signalProcesses } from '../faults/processes.ts'
import { agentLoad, findPrimary, PATIENT, serving, startSteps } from './parts.ts'
import type { Scenario } from './scenario.ts'

/** Before, at, and after the promotion. */
const RELOADS = 4
const BETWEEN_MS = 500

export const routerReloadDuringFailover: Scenario = {
  name: 'router-reload-during-failover',
  group: 'path',
  kind: 'failover',
  does: 'kills the primary’s postmaster and reloads every router four times while a standby takes over; no write may reach the wrong member',
  blastRadius: 'as primary-crash: writes wait for a few seconds',
  bounds: PATIENT,
  load: agentLoad,
  plan: ({ spec }, status) => {
    const { name } = findPrimary(status)
    const routers = containersOf(spec, 'router').map((router) => router.name)
    return Promise.resolve({
      target: name,
      what: `the postmaster of ${name} is killed and the routers reload`,
      heal: startSteps([name, ...routers]),
      inject: async ({ sleep, note }) => {
        await signalProcesses(name, isPostmaster, 'SIGKILL')
        for (let reload = 1; reload <= RELOADS; reload += 1) {
          await sleep(BETWEEN_MS)
          for (const router of routers) await signalFirstProcess(router, 'SIGUSR2')
          note(`reload ${reload} of the routers`)
        }
      },
      hasReturned: serving([name, ...routers]),
      checks: [failedOver],
    })
  },
}
