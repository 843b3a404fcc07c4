/**
 * When drills run by themselves. Pure. A drill is due at its time, or up to an hour later when somebody was changing the
 * cluster just then; what was missed for longer is not caught up on, since nobody expects it at that hour.
 *
 * The runner is a container that rests. Whoever asks writes a request; the active controller starts the runner, and
 * starts it again when it died over a request or left something to mend.
 */
import type { DrillRequest } from '@neuronha/core/contracts/coordination.ts'
import { nextAfter } from '@neuronha/core/spec/schedule.ts'

export interface DrillsView {
  /** Milliseconds since 1970. */
  readonly nowMs: number
  readonly schedule: string
  /** Up to when the schedule has been heeded; null: never yet. */
  readonly handledUntilMs: number | null
  readonly request: DrillRequest | null
  /** A drill left a record of what is to be mended. */
  readonly isUnfinished: boolean
  readonly runner: RunnerState
  /** Starts of the runner since it last had nothing to do. */
  readonly tries: number
  readonly sinceLastTryMs: number | null
  readonly inMaintenance: boolean
  /** Who changes the cluster now; null: nobody. */
  readonly busyWith: string | null
  /** It is the runner: when that rests, it died, and would meet its own hold until the lease ends. */
  readonly isHeldByRunner: boolean
}

export type RunnerState =
  { readonly kind: 'resting' | 'absent' } | { readonly kind: 'running'; readonly forMs: number }

export type DrillsDecision =
  | { readonly kind: 'nothing' }
  /** The schedule is heeded up to now; `missed` says why the drills that were due do not run, null when none were. */
  | { readonly kind: 'remember'; readonly missed: string | null }
  /** The drills are due: ask for them. */
  | { readonly kind: 'request'; readonly dueMs: number }
  | { readonly kind: 'start' }
  | { readonly kind: 'give-up'; readonly why: string }
  | { readonly kind: 'stop'; readonly why: string }

/** How late drills may begin. */
export const LATEST_MS = 3_600_000
/** Longer than all that can be asked for takes. */
export const LONGEST_RUN_MS = 2 * 3_600_000
const MOST_TRIES = 3
const BACKOFF_MS = [0, 30_000, 120_000, 600_000]

const NOTHING: DrillsDecision = { kind: 'nothing' }

export function decideDrills(view: DrillsView): DrillsDecision {
  const { runner, request, isUnfinished } = view
  if (runner.kind === 'running') {
    if (runner.forMs < LONGEST_RUN_MS) return NOTHING
    return { kind: 'stop', why: `it has run for ${Math.round(runner.forMs / 60_000)} min` }
  }
  if (request !== null || isUnfinished) return decideStart(view)
  return decideDue(view)
}

function decideStart(view: DrillsView): DrillsDecision {
  const { request, inMaintenance, runner, tries, sinceLastTryMs, isHeldByRunner } = view
  if (request !== null) {
    if (inMaintenance) return { kind: 'give-up', why: 'maintenance is on' }
    if (runner.kind === 'absent') return { kind: 'give-up', why: 'there is no container for them' }
    if (tries >= MOST_TRIES) return { kind: 'give-up', why: `their runner died ${tries} times` }
  }
  if (inMaintenance || runner.kind === 'absent' || isHeldByRunner) return NOTHING
  const backoffMs = BACKOFF_MS[Math.min(tries, BACKOFF_MS.length - 1)] ?? 0
  return sinceLastTryMs !== null && sinceLastTryMs < backoffMs ? NOTHING : { kind: 'start' }
}

function decideDue(view: DrillsView): DrillsDecision {
  const { nowMs, schedule, handledUntilMs, inMaintenance, runner, busyWith } = view
  if (handledUntilMs === null) return { kind: 'remember', missed: null }
  const dueMs = nextAfter(schedule, handledUntilMs)
  if (dueMs === null || dueMs > nowMs) return NOTHING
  const missed = (why: string): DrillsDecision => ({ kind: 'remember', missed: why })
  if (inMaintenance) return missed('maintenance is on')
  if (runner.kind === 'absent') return missed('there is no container for them')
  if (nowMs - dueMs > LATEST_MS)
    return missed(
      busyWith === null ? 'no controller was there in time' : `${busyWith} took too long`,
    )
  return busyWith === null ? { kind: 'request', dueMs } : NOTHING
}
