/**
 * When drills run by themselves. Pure. A drill is due at its time, or up to an hour later when somebody was changing the
 * cluster just then; what was missed for longer is not caught up on, since nobody expects it at that hour.
 *
 * The runner is a container that rests (decide-runner.ts); it is also started when a drill left something to mend.
 */
import type { DrillRequest } from '@neuronha/core/contracts/coordination.ts'
import { nextAfter } from '@neuronha/core/spec/schedule.ts'
import {
  decideRunning,
  decideStart,
  type RunnerDecision,
  type RunnerView,
} from './decide-runner.ts'

export interface DrillsView extends RunnerView {
  /** Milliseconds since 1970. */
  readonly nowMs: number
  readonly schedule: string
  /** Up to when the schedule has been heeded; null: never yet. */
  readonly handledUntilMs: number | null
  readonly request: DrillRequest | null
  /** A drill left a record of what is to be mended. */
  readonly isUnfinished: boolean
  /** Who changes the cluster now; null: nobody. */
  readonly busyWith: string | null
  /** It is the runner: when that rests, it died, and would meet its own hold until the lease ends. */
  readonly isHeldByRunner: boolean
}

export type DrillsDecision =
  | RunnerDecision
  /** The schedule is heeded up to now; `missed` says why the drills that were due do not run, null when none were. */
  | { readonly kind: 'remember'; readonly missed: string | null }
  /** The drills are due: ask for them. */
  | { readonly kind: 'request'; readonly dueMs: number }

/** How late drills may begin. */
export const LATEST_MS = 3_600_000
/** Longer than all that can be asked for takes. */
export const LONGEST_RUN_MS = 2 * 3_600_000
const NOTHING: DrillsDecision = { kind: 'nothing' }

export function decideDrills(view: DrillsView): DrillsDecision {
  const { runner, request, isUnfinished, isHeldByRunner } = view
  const running = decideRunning(runner, LONGEST_RUN_MS)
  if (running !== null) return running
  if (request === null && !isUnfinished) return decideDue(view)
  const decision = decideStart(view, request !== null)
  return decision.kind === 'start' && isHeldByRunner ? NOTHING : decision
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
