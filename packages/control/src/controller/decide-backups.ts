/**
 * When backups are made by themselves. Pure. A task is due at its time; what was missed, for whatever reason, is caught up
 * on once, as soon as that can be. A cluster that nothing was ever backed up of is due for a full backup at once.
 *
 * One request at a time, and one runner for all of them: never two backups at once.
 */
import {
  recoverableBackups,
  type BackupRequest,
  type BackupState,
  type BackupTask,
} from '@neuronha/core/contracts/backups.ts'
import { nextAfter } from '@neuronha/core/spec/schedule.ts'
import { decideAsked, decideRunning, type RunnerDecision } from './decide-runner.ts'
import type { ScheduleView } from './runner-schedule.ts'

export type ScheduledTask = Exclude<BackupTask, 'verify'>

export interface BackupsView extends ScheduleView {
  readonly schedules: Readonly<Record<ScheduledTask, string>>
  /** Up to when each schedule has been heeded; absent: never yet. */
  readonly handledUntil: Readonly<Partial<Record<BackupTask, number>>>
  readonly request: BackupRequest | null
  /** null: nothing was ever done. */
  readonly state: BackupState | null
  /** The newest primary, as far as this controller has seen: its timeline, and since when; null: none yet. */
  readonly primary: { readonly timeline: number; readonly sinceMs: number } | null
  /** When this controller last had something archived again; null: never. */
  readonly archivedAgainMs: number | null
}

/** Due: ask for it. What it makes superfluous is heeded with it. */
export interface BackupDue {
  readonly kind: 'request'
  readonly task: ScheduledTask
  readonly heeded: readonly ScheduledTask[]
}

export type BackupsDecision = RunnerDecision | BackupDue

export const LONGEST_RUN_MS = 24 * 3_600_000
/** Whoever changes the cluster, a drill for one, is waited for; but backups do not wait for ever. */
export const LONGEST_WAIT_MS = 2 * 3_600_000
/** A cluster that has just come up is left alone for a moment. */
const FIRST_AFTER_MS = 30_000
const RETRY_AFTER_MS = 600_000
/** A new primary is left alone for a moment before it is asked to archive something. */
const LOOK_AFTER_MS = 30_000
/** The time that a few segments take. */
const ARCHIVED_WITHIN_MS = 30_000

const NOTHING: BackupsDecision = { kind: 'nothing' }

export function decideBackups(view: BackupsView): BackupsDecision {
  const running = decideRunning(view.runner, LONGEST_RUN_MS)
  if (running !== null) return running
  if (view.request !== null) return decideAsked(view, view.request.by)
  return decideDue(view)
}

function decideDue(view: BackupsView): BackupsDecision {
  const { nowMs, inMaintenance, runner, isBusy, activeSinceMs } = view
  if (inMaintenance || runner.kind === 'absent' || nowMs - activeSinceMs < FIRST_AFTER_MS)
    return NOTHING
  const due = (['full', 'incremental', 'check'] as const).flatMap((task) => {
    const dueMs = dueSince(task, view)
    return dueMs === null || (isBusy && nowMs - dueMs < LONGEST_WAIT_MS) ? [] : [task]
  })
  const [task] = due
  if (task === undefined) return NOTHING
  // A full backup says all that an incremental one of the same hour would.
  const heeded: readonly ScheduledTask[] = task === 'full' ? ['full', 'incremental'] : [task]
  return { kind: 'request', task, heeded }
}

/** Since when a task has been due, milliseconds since 1970; null: it is not. */
export function dueSince(task: ScheduledTask, view: BackupsView): number | null {
  const { schedules, handledUntil, nowMs, activeSinceMs } = view
  const urgentMs = urgentSince(task, view)
  if (urgentMs !== undefined) return urgentMs
  const handledMs = handledUntil[task]
  if (handledMs === undefined) return task === 'full' ? activeSinceMs : null
  const dueMs = nextAfter(schedules[task], handledMs)
  return dueMs === null || dueMs > nowMs ? null : dueMs
}

/** Due for a reason of its own; null: it has one, and waits a moment; undefined: the schedule alone counts. */
function urgentSince(task: ScheduledTask, view: BackupsView): number | null | undefined {
  const { nowMs, activeSinceMs, state } = view
  if (state === null) return undefined
  if (task === 'incremental' && hasNoWayBack(state)) {
    // One that fails for lack of a store is not repeated every few seconds.
    const pauseMs = state.last.incremental?.ok === false ? RETRY_AFTER_MS : 0
    const dueMs = Math.max(activeSinceMs, Date.parse(state.looked_at) + pauseMs)
    return dueMs > nowMs ? null : dueMs
  }
  const wantedMs = task === 'check' ? lookWantedSince(view, state) : null
  return wantedMs !== null && wantedMs <= nowMs ? wantedMs : undefined
}

/**
 * WAL is missing after the newest backup: nothing later can be restored before another one is made. Known from a look, so that one
 * backup, which ends with a look, answers it.
 */
const hasNoWayBack = (state: BackupState): boolean =>
  state.repositories.some(
    (repository) =>
      repository.ok && repository.backups.length > 0 && recoverableBackups(repository).length === 0,
  )

/**
 * From when on a look at the archive is wanted that has not been taken yet; null: none is. A new primary may have what waited on
 * the one before it for a shorter time than up to the next check, and what it archives again shows in a look only.
 */
function lookWantedSince(
  { primary, archivedAgainMs }: BackupsView,
  state: BackupState,
): number | null {
  const isUnknown =
    primary !== null &&
    state.repositories.some(
      ({ ok, wal_to: newest }) =>
        ok && newest !== null && Number.parseInt(newest.slice(0, 8), 16) < primary.timeline,
    )
  const wanted = [
    ...(isUnknown ? [primary.sinceMs + LOOK_AFTER_MS] : []),
    ...(archivedAgainMs === null ? [] : [archivedAgainMs + ARCHIVED_WITHIN_MS]),
  ].filter((ms) => Date.parse(state.looked_at) < ms)
  return wanted.length === 0 ? null : Math.min(...wanted)
}
