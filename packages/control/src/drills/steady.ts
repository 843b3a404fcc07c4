/**
 * Is the load steady: is it answered as fast as it comes? A fault that is made before that measures a cold start, or a
 * machine that is too small for the load, and not what the failure costs. Pure.
 */
import type { LedgerLine } from '@neuronha/core/config/loadgen.ts'
import { PlatformError } from '@neuronha/core/errors.ts'

/** Seconds in a row, by the generator's own line each second. */
const STEADY_LINES = 3
const ALWAYS_ALLOWED = 3

export interface SteadyTerms {
  /** How long a request takes on average, at most: requests in flight are rate × latency. */
  readonly seconds: number
  /** A load that is not steady by then is more than the cluster can carry. */
  readonly withinMs: number
  /** How much of this machine's processors may be in use, 0 to 1. */
  readonly busy: number
}

/** For a rate that the user asked for. */
export const KEEPS_UP: SteadyTerms = { seconds: 0.5, withinMs: 60_000, busy: 1 }
/**
 * For a rate that we choose: there is room left for the recovery, and for what has piled up meanwhile. A machine that is
 * busier than this was seen to take twenty seconds for a failover of five.
 */
export const WITH_ROOM: SteadyTerms = { seconds: 0.15, withinMs: 20_000, busy: 0.7 }

type ProgressLine = Extract<LedgerLine, { event: 'progress' }>

const inFlight = ({ http, sql }: ProgressLine): number => Math.max(http.inFlight, sql.inFlight)

export interface Steadiness {
  readonly isSteady: boolean
  /** The most requests in flight on one path, in the last second. */
  readonly inFlight: number
}

export function steadinessOf(
  lines: readonly LedgerLine[],
  ratePerSecond: number,
  { seconds }: Pick<SteadyTerms, 'seconds'>,
): Steadiness {
  const last = lines.filter((line) => line.event === 'progress').slice(-STEADY_LINES)
  const most = Math.max(ALWAYS_ALLOWED, ratePerSecond * seconds)
  const newest = last.at(-1)
  return {
    isSteady: last.length === STEADY_LINES && last.every((line) => inFlight(line) <= most),
    inFlight: newest === undefined ? 0 : inFlight(newest),
  }
}

/** The cluster does not keep up with the load as it is; nothing was broken. */
export class TooMuchLoad extends PlatformError {
  constructor(ratePerSecond: number, waiting: number, withinMs: number) {
    super(
      'REFUSED_FOR_SAFETY',
      `the cluster does not keep up with ${ratePerSecond} requests/s on each path (${waiting} in flight after ${withinMs / 1000} s): a failure now would measure the load. Nothing was broken; choose a lower --rate`,
    )
  }
}
