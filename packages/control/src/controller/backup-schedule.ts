/** Backups by their schedules, and those that people ask for; decide-backups.ts decides. */
import { randomUUID } from 'node:crypto'
import type {
  BackupRequest,
  BackupScheduleState,
  BackupState,
} from '@neuronha/core/contracts/backups.ts'
import { coordinationKeys } from '@neuronha/core/contracts/coordination.ts'
import {
  parseBackupRequest,
  parseBackupSchedule,
  parseBackupState,
} from '../coordination/backup-records.ts'
import type { KeyValue, Operation } from '../etcd/kv.ts'
import {
  decideBackups,
  dueSince,
  type BackupDue,
  type BackupsView,
  type ScheduledTask,
} from './decide-backups.ts'
import {
  createRunnerSchedule,
  type RunnerSchedule,
  type RunnerScheduleOptions,
  type RunnerWork,
} from './runner-schedule.ts'

export interface BackupScheduleOptions extends RunnerScheduleOptions {
  readonly backups: Readonly<Record<ScheduledTask, string>> & { readonly runner: string }
  /** Of the primary, as it was seen last; null: there is none. */
  readonly primaryTimeline: () => number | null
  /** When something was last archived again, milliseconds since 1970; null: never. */
  readonly archivedAgainMs: () => number | null
}

const TASKS: readonly ScheduledTask[] = ['full', 'incremental', 'check']

export function createBackupSchedule(options: BackupScheduleOptions): RunnerSchedule {
  const { backups, cluster, primaryTimeline, archivedAgainMs } = options
  const { backupRequest, backupSchedule, backupState } = coordinationKeys(cluster)
  let primary: BackupsView['primary'] = null
  const primaryAt = (nowMs: number): BackupsView['primary'] => {
    const timeline = primaryTimeline()
    if (timeline !== null && timeline !== primary?.timeline) primary = { timeline, sinceMs: nowMs }
    return primary
  }
  const work: RunnerWork<BackupsView, BackupDue> = {
    what: 'backups',
    kind: 'backup',
    requestKey: backupRequest,
    keys: [backupSchedule, backupState],
    viewOf: (found, common) => ({
      ...common,
      schedules: backups,
      // What cannot be read counts as never heeded: a full backup too many is better than one too few.
      handledUntil: parseBackupSchedule(found.get(backupSchedule)?.value),
      state: parseBackupState(found.get(backupState)?.value) ?? null,
      request: requestOf(found.get(backupRequest)),
      primary: primaryAt(common.nowMs),
      archivedAgainMs: archivedAgainMs(),
    }),
    isDue: (view) => TASKS.some((task) => dueSince(task, view) !== null),
    decide: decideBackups,
    request: (due, view) => Promise.resolve(operationsOf(due, view, options)),
    lost: ({ request }) => WORDS[request?.task ?? 'check'],
    // A runner that cannot even begin must not look like one that had nothing to do.
    givenUp: (view, why) => failedOutcome(view, why, backupState),
  }
  return createRunnerSchedule(backups.runner, work, options)
}

const WORDS: Readonly<Record<BackupRequest['task'], string>> = {
  full: 'full backup',
  incremental: 'incremental backup',
  check: 'check of the archive',
  verify: 'verification of backups',
}

function failedOutcome(
  { request, state, nowMs }: BackupsView,
  why: string,
  key: string,
): readonly Operation[] {
  if (request === null) return []
  const at = new Date(nowMs).toISOString()
  const outcome = { request: request.id, at, ok: false, detail: why }
  const next: BackupState = {
    looked_at: state?.looked_at ?? at,
    repositories: state?.repositories ?? [],
    last: { ...state?.last, [request.task]: outcome },
  }
  return [{ put: key, value: JSON.stringify(next) }]
}

function operationsOf(
  { task, heeded }: BackupDue,
  { nowMs, handledUntil }: BackupsView,
  { cluster }: BackupScheduleOptions,
): readonly Operation[] {
  const { backupRequest, backupSchedule } = coordinationKeys(cluster)
  const request: BackupRequest = {
    id: randomUUID(),
    task,
    by: 'schedule',
    requestedAt: new Date(nowMs).toISOString(),
  }
  // The others begin to count with the first backup.
  const until = {
    incremental: nowMs,
    check: nowMs,
    ...handledUntil,
    ...Object.fromEntries(heeded.map((one) => [one, nowMs])),
  }
  const state: BackupScheduleState = {
    handledUntil: Object.fromEntries(
      Object.entries(until).map(([one, ms]): [string, string] => [one, new Date(ms).toISOString()]),
    ),
  }
  return [
    { put: backupRequest, value: JSON.stringify(request) },
    { put: backupSchedule, value: JSON.stringify(state) },
  ]
}

/** A request that this code cannot read is one all the same: the runner takes it away. */
const requestOf = (found: KeyValue | undefined): BackupRequest | null =>
  found === undefined
    ? null
    : (parseBackupRequest(found.value) ?? {
        id: '',
        task: 'check',
        by: 'unknown',
        requestedAt: new Date(0).toISOString(),
      })
