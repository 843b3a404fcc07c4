/** Is everything as it should be? Pure. */
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'

/** Where both controllers were stopped on purpose, what is wrong with them does not count. */
export function isWhole(status: ClusterStatus, withController: boolean): boolean {
  if (status.health === 'healthy') return true
  if (withController || status.health === 'down') return false
  return status.reasons.every((reason) =>
    status.controllers.some(({ name }) => reason.includes(name)),
  )
}
