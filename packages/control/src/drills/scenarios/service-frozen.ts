/** service-frozen: one replica of a service stops with every connection open. */
import { frozen } from './parts.ts'
import type { Scenario } from './scenario.ts'
import { SERVICE_VARIANTS, serviceLoad, serviceOf } from './service-load.ts'

const KEPT_FROZEN_MS = 20_000

export const serviceFrozen: Scenario = {
  name: 'service-frozen',
  group: 'services',
  kind: 'service',
  does: 'freezes one replica of a service for 20 s; no client may see an error, and all is whole again within 60 s',
  blastRadius: 'requests on that replica hang until the edge or the client gives them to another',
  bounds: { rtoMs: 30_000, wholeAgainMs: 60_000 },
  needsService: true,
  variants: SERVICE_VARIANTS,
  load: serviceLoad,
  plan: (context, status) => frozen(serviceOf(context.options), KEPT_FROZEN_MS)(context, status),
}
