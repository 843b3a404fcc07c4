/** May a drill run now? Pure. */
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'

/** Why it may not; nothing when it may. A drill on a cluster that limps already proves nothing and may hurt. */
export function refusalsOf(
  status: ClusterStatus,
  spec: Pick<ClusterSpec, 'name' | 'production'>,
  options: { readonly confirmedName?: string },
): readonly string[] {
  const reasons: string[] = []
  if (spec.production && options.confirmedName !== spec.name) {
    reasons.push(`${spec.name} is in production: a drill needs the cluster’s name, typed`)
  }
  if (status.health !== 'healthy') {
    const why = status.reasons.length === 0 ? '' : `: ${status.reasons.join('; ')}`
    reasons.push(`the cluster is ${status.health}${why}`)
  }
  if (status.patroni_paused) reasons.push('Patroni is paused: nothing would fail over')
  return reasons
}
