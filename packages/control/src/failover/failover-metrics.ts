/** What failover did, as Prometheus series of this controller. */
import { fencePhase, isFenceOpen, type FenceRecord } from '@neuronha/core/contracts/coordination.ts'
import type { Metrics } from '@neuronha/runtime/metrics.ts'
import type { FenceCounts } from './fence-acts.ts'

export interface FailoverCounts extends FenceCounts {
  refused(why: string): void
}

/** Adds the series; what is counted is told to the answer. */
export function addFailoverMetrics(
  metrics: Metrics,
  record: () => FenceRecord | null,
): FailoverCounts {
  const fences = metrics.counter('fences_total', 'Fences that were begun, by reason.', ['reason'])
  const failovers = metrics.counter(
    'failovers_total',
    'Failovers that were led to a new primary, by what gave them away: evidence of an end, or suspicion.',
    ['path'],
  )
  const refused = metrics.counter(
    'failover_refused_total',
    'Times that there was reason to act and something forbade it.',
    ['why'],
  )
  metrics.gauge('fence_phase', '1 for the phase of the open fence.', ['phase'], (gauge) => {
    gauge.reset()
    const present = record()
    for (const phase of fencePhase.options)
      gauge.set(
        { phase },
        present !== null && isFenceOpen(present) && present.phase === phase ? 1 : 0,
      )
  })
  return {
    fence: (reason) => fences.inc({ reason }),
    failover: (path) => failovers.inc({ path }),
    refused: (why) => refused.inc({ why: kindOf(why) }),
  }
}

/** Names of members and figures would make a new series each time. */
const kindOf = (why: string): string =>
  why
    .replace(/[\w-]*-member-\d+/g, 'a member')
    .replace(/\(.*\)/, '')
    .replace(/\d+/g, 'n')
    .trim()
