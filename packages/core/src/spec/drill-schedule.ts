/** Whether the controllers of a cluster run drills by themselves. */
import type { ClusterSpec } from './cluster-spec.ts'
import { NEVER } from './schedule.ts'

/** Why no drill runs by itself in this cluster; null: they do. */
export function whyNoScheduledDrills({
  drills,
  database,
  production,
  name,
}: Pick<ClusterSpec, 'drills' | 'database' | 'production' | 'name'>): string | null {
  if (drills.schedule === NEVER) return 'drills.schedule is never'
  if (database.members < 2) return 'one member alone has nobody to take over'
  if (production && drills.confirm !== name)
    return `the cluster is in production: drills.confirm: ${name} lets them run`
  return null
}
