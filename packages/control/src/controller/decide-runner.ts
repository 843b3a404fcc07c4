/**
 * When a container that rests is started: whoever asks writes a request, the active controller starts the runner, and
 * starts it again when it died over the request. Pure.
 */

export type RunnerState =
  { readonly kind: 'resting' | 'absent' } | { readonly kind: 'running'; readonly forMs: number }

export interface RunnerView {
  readonly runner: RunnerState
  /** Starts of the runner since it last had nothing to do. */
  readonly tries: number
  readonly sinceLastTryMs: number | null
  readonly inMaintenance: boolean
}

export type RunnerDecision =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'start' }
  | { readonly kind: 'give-up'; readonly why: string }
  | { readonly kind: 'stop'; readonly why: string }

const MOST_TRIES = 3
const BACKOFF_MS = [0, 30_000, 120_000, 600_000]

const NOTHING: RunnerDecision = { kind: 'nothing' }

/** A runner that runs is left alone, unless it does so for longer than anything that it can be asked for takes. */
export const decideRunning = (runner: RunnerState, longestMs: number): RunnerDecision | null => {
  if (runner.kind !== 'running') return null
  if (runner.forMs < longestMs) return NOTHING
  return { kind: 'stop', why: `it has run for ${Math.round(runner.forMs / 60_000)} min` }
}

/** @param isRequest Somebody asked for it, and can be told that it is given up. */
export function decideStart(
  { runner, tries, sinceLastTryMs, inMaintenance }: RunnerView,
  isRequest: boolean,
): RunnerDecision {
  if (isRequest) {
    if (inMaintenance) return { kind: 'give-up', why: 'maintenance is on' }
    if (runner.kind === 'absent') return { kind: 'give-up', why: 'there is no container for them' }
    if (tries >= MOST_TRIES) return { kind: 'give-up', why: `their runner died ${tries} times` }
  }
  if (inMaintenance || runner.kind === 'absent') return NOTHING
  const backoffMs = BACKOFF_MS[Math.min(tries, BACKOFF_MS.length - 1)] ?? 0
  return sinceLastTryMs !== null && sinceLastTryMs < backoffMs ? NOTHING : { kind: 'start' }
}

/** What a person asks for is done in maintenance too, a backup before risky work above all; the schedule waits. */
export function decideAsked(view: RunnerView, by: string): RunnerDecision {
  const inMaintenance = view.inMaintenance && by === 'schedule'
  return decideStart({ ...view, inMaintenance }, !inMaintenance)
}
