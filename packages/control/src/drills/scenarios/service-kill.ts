/** service-kill: one replica of a service dies by SIGKILL with requests in flight. */
import { killed } from './parts.ts'
import type { Scenario } from './scenario.ts'
import { SERVICE_VARIANTS, serviceLoad, serviceOf } from './service-load.ts'

export const serviceKill: Scenario = {
  name: 'service-kill',
  group: 'services',
  kind: 'service',
  does: 'kills one replica of a service (SIGKILL of its first process) with requests in flight; no client may see an error, and the replica is back within 60 s',
  blastRadius:
    'requests in flight on that replica are retried; its share goes to the other replicas',
  bounds: { rtoMs: 30_000, wholeAgainMs: 60_000 },
  needsService: true,
  variants: SERVICE_VARIANTS,
  load: serviceLoad,
  plan: (context, status) => killed(serviceOf(context.options))(context, status),
}
