/**
 * Is the load steady: is it answered as fast as it comes? A fault that is made before that measures a cold start, or a
 * machine that is too small for the load, and not what the failure costs. Pure.
 */
import type { LedgerLine } from '@neuronha/core/config/loadgen.ts'

/** Seconds in a row, by the generator's own line each second. */
const STEADY_LINES = 3
/** Requests in flight are rate × latency: so many are answered within half a second on average. */
const MOST_SECONDS_IN_FLIGHT = 0.5
const ALWAYS_ALLOWED = 3

type ProgressLine = Extract<LedgerLine, { event: 'progress' }>

const inFlight = ({ http, sql }: ProgressLine): number => Math.max(http.inFlight, sql.inFlight)

export type Steadiness =
  | { readonly kind: 'steady' }
  /** The most requests in flight on one path, in the last second. */
  | { readonly kind: 'not-yet'; readonly inFlight: number }

export function steadinessOf(lines: readonly LedgerLine[], ratePerSecond: number): Steadiness {
  const last = lines.filter((line) => line.event === 'progress').slice(-STEADY_LINES)
  const most = Math.max(ALWAYS_ALLOWED, ratePerSecond * MOST_SECONDS_IN_FLIGHT)
  if (last.length === STEADY_LINES && last.every((line) => inFlight(line) <= most))
    return { kind: 'steady' }
  const newest = last.at(-1)
  return { kind: 'not-yet', inFlight: newest === undefined ? 0 : inFlight(newest) }
}
