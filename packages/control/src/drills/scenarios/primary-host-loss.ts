/** primary-host-loss: the primary's container is killed and stays dead, as when its machine loses power. */
import { failedOver } from '../checks.ts'
import { agentLoad, findPrimary, serving, startSteps } from './parts.ts'
import type { Scenario } from './scenario.ts'

const KEPT_DEAD_MS = 60_000

export const primaryHostLoss: Scenario = {
  name: 'primary-host-loss',
  group: 'database',
  kind: 'failover',
  does: 'kills the primary’s container and keeps it dead for 60 s; a standby takes over, nothing may be lost and no client may see an error',
  blastRadius: 'writes wait until a standby has taken over; one member less for a minute',
  bounds: { rtoMs: 30_000, wholeAgainMs: KEPT_DEAD_MS + 90_000 },
  load: agentLoad,
  plan: ({ containers }, status) => {
    const { name } = findPrimary(status)
    return Promise.resolve({
      target: name,
      what: `${name} is killed and kept dead for ${KEPT_DEAD_MS / 1000} s`,
      heal: startSteps([name]),
      holds: { containers: [name] },
      inject: () => containers.kill([name]),
      keepMs: KEPT_DEAD_MS,
      hasReturned: serving([name]),
      checks: [failedOver],
    })
  },
}
