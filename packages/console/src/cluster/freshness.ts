/**
 * Is what we show still true? Pure: times come in as numbers of the browser's monotonic clock, except
 * where the name says server or observed (wall clock of the cluster). The promise is that data older
 * than 5 s is called stale, whether the API is silent, fails, or answers with old data.
 */
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'

/** The Date header is cut to whole seconds, so an age may be measured up to 1 s too small. */
export const STALE_AFTER_MS = 3_500
/** How often the view must ask: threshold + rounding + tick stay under 5 s. */
export const TICK_MS = 250
/** After a hidden tab is shown again, the first answer gets this long before old data is called stale. */
export const RESUME_GRACE_MS = 1_500

export interface Observation {
  readonly status: ClusterStatus
  /** When this very observation first arrived. */
  readonly firstSeenMs: number
  /** How old it was then, by the cluster's own clock. */
  readonly ageAtArrivalMs: number
}

interface Arrival {
  readonly status: ClusterStatus
  readonly serverTimeMs: number | null
  readonly receivedMs: number
}

/** The observation to show after an answer: an older or repeated one never resets the age. */
export const nextObservation = (
  previous: Observation | undefined,
  { status, serverTimeMs, receivedMs }: Arrival,
): Observation => {
  const observedMs = Date.parse(status.observed_at)
  const ageAtArrivalMs = serverTimeMs === null ? 0 : Math.max(0, serverTimeMs - observedMs)
  const arrived = { status, firstSeenMs: receivedMs, ageAtArrivalMs }
  if (previous === undefined) return arrived
  const isNewer = observedMs > Date.parse(previous.status.observed_at)
  // Another observer with a slower clock, after the newer one went silent: better than nothing.
  const isBetter =
    previous.status.observer !== status.observer &&
    ageAtArrivalMs < ageMs(previous, receivedMs) - STALE_AFTER_MS
  return isNewer || isBetter ? arrived : previous
}

/** Age of what an observation says, by whichever measure is worse. */
export const ageMs = (observation: Observation, nowMs: number): number =>
  observation.ageAtArrivalMs + Math.max(0, nowMs - observation.firstSeenMs)

export type Freshness =
  | { readonly kind: 'live'; readonly ageMs: number }
  | { readonly kind: 'stale'; readonly ageMs: number; readonly cause: 'silent' | 'old-data' }

export interface FreshnessInput {
  readonly observation: Observation
  readonly nowMs: number
  /** Did the newest request fail (or hang)? */
  readonly isFailing: boolean
  /** When the tab was last shown again; null if it never was hidden. */
  readonly resumedMs: number | null
}

export const freshnessOf = ({
  observation,
  nowMs,
  isFailing,
  resumedMs,
}: FreshnessInput): Freshness => {
  const age = ageMs(observation, nowMs)
  const isResuming = resumedMs !== null && nowMs - resumedMs < RESUME_GRACE_MS
  if (age < STALE_AFTER_MS || isResuming) return { kind: 'live', ageMs: age }
  return { kind: 'stale', ageMs: age, cause: isFailing ? 'silent' : 'old-data' }
}
