/** What a bad day would need: WAL that is archived, backups that are young and whole. */
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import { durationMsOf } from '../spec/quantities.ts'
import { NEVER, nextAfter } from '../spec/schedule.ts'
import { alertTimesOf, type AlertGroup, type AlertRule } from './alert.ts'

/** What a backup may take, and a try that failed and the one after it. */
const GRACE_SECONDS = 2 * 3600
const UNPROVEN_SECONDS = 8 * 86_400

export const backupAlerts = (spec: ClusterSpec): AlertGroup => {
  const { lasting } = alertTimesOf(spec)
  const rpoSeconds = durationMsOf(spec.backup.rpo) / 1000
  const oldestSeconds = longestPauseSeconds(spec) + GRACE_SECONDS
  // A segment is closed when it is as old as the promise, and then has to be sent.
  const lateSeconds = Math.max(120, 2 * rpoSeconds)
  return {
    name: 'backups',
    rules: [
      {
        alert: 'WalNotArchived',
        expr: `max(neuronha_archive_lag_seconds) > ${lateSeconds} and max(neuronha_archive_waiting_segments) > 0`,
        forSeconds: lasting(120),
        severity: 'page',
        summary: 'WAL has waited for {{ $value | humanizeDuration }} to be archived',
        meaning: `If the whole cluster were lost now, more than the promised ${spec.backup.rpo} of writes would be lost with it. WAL waits on the primary’s disk.`,
        byItself: `Archiving is tried again all the time, and catches up when the repository answers. At ${spec.backup.walBudget} waiting WAL is given up, so that the database stays up; moments after that can be restored from the next backup on.`,
        youMay:
          'See why: `./neuronha backup list`, `./neuronha logs member`. Repair the store or the way to it.',
        runbook: 'wal-not-archived',
      },
      {
        alert: 'BackupOld',
        expr: `time() - min by (repository) (neuronha_backup_newest_seconds) > ${oldestSeconds} and on () time() - max(process_start_time_seconds{job="prometheus"}) > ${GRACE_SECONDS}`,
        forSeconds: lasting(600),
        severity: 'page',
        summary:
          'The newest backup in {{ $labels.repository }} is {{ $value | humanizeDuration }} old',
        meaning: `No backup that one could restore from was made for over ${hours(oldestSeconds)} hours, although the schedules ask for more.`,
        byItself: 'Backups are tried again by their schedules.',
        youMay:
          'See why: `./neuronha backup list`, `./neuronha events --kind backup`. Make one: `./neuronha backup run`.',
        runbook: 'backup-failed',
      },
      {
        alert: 'BackupSpoiled',
        expr: 'max by (repository) (neuronha_backups_spoiled) > 0',
        forSeconds: lasting(60),
        severity: 'page',
        summary: '{{ $value }} backups in {{ $labels.repository }} cannot be restored whole',
        meaning:
          'Files of a backup are missing or not what was written, or pages of the database were damaged when it was taken.',
        byItself: 'Nothing: it is not deleted, and not counted among what one could restore from.',
        youMay:
          'Make a new full backup at once: `./neuronha backup run --full`. Then find out what damaged the old one.',
        runbook: 'backup-spoiled',
      },
      ...restoreAlerts(spec),
      ...taskAlerts(spec),
    ],
  }
}

/** Is it proven that one can restore? */
const restoreAlerts = (spec: ClusterSpec): readonly AlertRule[] => {
  const { lasting } = alertTimesOf(spec)
  return [
    ...(spec.backup.restoreTest.schedule === NEVER
      ? []
      : [
          {
            alert: 'RestoreNotVerified',
            expr: `time() - max(neuronha_last_verified_restore_seconds) > ${UNPROVEN_SECONDS}`,
            forSeconds: lasting(600),
            severity: 'page' as const,
            summary: 'No restore has been verified for {{ $value | humanizeDuration }}',
            meaning:
              'Nobody knows whether the backups can be restored: the restore tests fail, or do not run.',
            byItself: 'They are tried again by their schedule.',
            youMay: 'Ask for one, and see: `./neuronha backup test`.',
            runbook: 'restore-test-failed',
          },
        ]),
    {
      alert: 'RestoreTestFailed',
      expr: 'max(neuronha_restore_test_failed) > 0',
      forSeconds: lasting(60),
      severity: 'page',
      summary: 'The last restore test failed',
      meaning:
        'The newest backup could not be restored, or something is missing or damaged in what was restored.',
      byItself: 'Nothing: it is tried again by its schedule.',
      youMay:
        'See why: `./neuronha backup list`. Make a new full backup, `./neuronha backup run --full`, and test it: `./neuronha backup test`.',
      runbook: 'restore-test-failed',
    },
  ]
}

/** What failed the last time. */
const taskAlerts = (spec: ClusterSpec): readonly AlertRule[] => {
  const { lasting } = alertTimesOf(spec)
  return [
    {
      alert: 'BackupTaskFailed',
      // A verification finds what is spoiled, which has an alert of its own.
      expr: 'max by (task) (neuronha_backup_task_failed{task!="verify"}) > 0',
      forSeconds: lasting(600),
      severity: 'ticket',
      summary: 'Backups: the last {{ $labels.task }} failed',
      meaning: 'What is there already is not touched by it.',
      byItself: 'It is tried again by its schedule.',
      youMay: 'See why: `./neuronha backup list`, `./neuronha events --kind backup`.',
      runbook: 'backup-failed',
      causes: ['BackupOld'],
    },
    {
      alert: 'RepositoryUnusable',
      expr: 'min by (repository) (neuronha_repository_ok) == 0',
      forSeconds: lasting(600),
      severity: 'ticket',
      summary: 'The repository {{ $labels.repository }} cannot be read',
      meaning: 'Nothing could be restored from it now.',
      byItself: 'It is looked at again with each task.',
      youMay: 'See why: `./neuronha backup list`. Repair the store or the way to it.',
      runbook: 'backup-failed',
    },
  ]
}

const hours = (seconds: number): number => Math.round(seconds / 3600)

/** The longest time between two backups, by the schedule that comes more often: 26 hours with the grace where that is daily. */
function longestPauseSeconds({ backup }: ClusterSpec): number {
  const pauseOf = (schedule: string): number => {
    let longestMs = 0
    let atMs = nextAfter(schedule, START_OF_YEAR_MS) ?? Infinity
    for (let round = 0; round < ROUNDS && Number.isFinite(atMs); round += 1) {
      const nextMs = nextAfter(schedule, atMs) ?? Infinity
      longestMs = Math.max(longestMs, nextMs - atMs)
      atMs = nextMs
    }
    return longestMs / 1000
  }
  // Nothing in between is worth waking anybody: a day without a backup is what everybody expects to hear of.
  return Math.max(DAY_SECONDS, Math.min(pauseOf(backup.full), pauseOf(backup.incremental)))
}

const DAY_SECONDS = 86_400
/** A cron expression repeats itself within so many rounds, or nearly. */
const ROUNDS = 64
const START_OF_YEAR_MS = Date.UTC(2026, 0, 1)
