/**
 * When a restore is proven by itself. Pure. As with backups, what was missed is caught up on once. A cluster whose backups were
 * never restored is due soon after the first one.
 */
import { NEVER, nextAfter } from '@neuronha/core/spec/schedule.ts'
import { LONGEST_WAIT_MS } from './decide-backups.ts'
import { decideAsked, decideRunning, type RunnerDecision } from './decide-runner.ts'
import type { ScheduleView } from './runner-schedule.ts'

export interface RestoreTestsView extends ScheduleView {
  readonly schedule: string
  /** Up to when the schedule has been heeded; null: never yet. */
  readonly handledUntilMs: number | null
  readonly hasBackup: boolean
}

export type RestoreTestsDecision = RunnerDecision | { readonly kind: 'request' }

export const LONGEST_RUN_MS = 24 * 3_600_000
/** Whoever has just brought a cluster up looks at other things first. */
export const FIRST_AFTER_MS = 15 * 60_000

const NOTHING: RestoreTestsDecision = { kind: 'nothing' }

export function decideRestoreTests(view: RestoreTestsView): RestoreTestsDecision {
  const running = decideRunning(view.runner, LONGEST_RUN_MS)
  if (running !== null) return running
  if (view.request !== null) return decideAsked(view, view.request.by)
  const { nowMs, inMaintenance, isBusy, runner } = view
  const dueMs = restoreTestDueSince(view)
  if (dueMs === null || inMaintenance || runner.kind === 'absent') return NOTHING
  return isBusy && nowMs - dueMs < LONGEST_WAIT_MS ? NOTHING : { kind: 'request' }
}

/** Since when a restore test has been due, milliseconds since 1970; null: it is not. */
export function restoreTestDueSince({
  schedule,
  handledUntilMs,
  activeSinceMs,
  hasBackup,
  nowMs,
}: RestoreTestsView): number | null {
  if (!hasBackup || schedule === NEVER) return null
  const dueMs =
    handledUntilMs === null ? activeSinceMs + FIRST_AFTER_MS : nextAfter(schedule, handledUntilMs)
  return dueMs === null || dueMs > nowMs ? null : dueMs
}
