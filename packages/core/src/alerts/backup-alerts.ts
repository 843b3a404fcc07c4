/** What a bad day would need: WAL that is archived, backups that are young and whole. */
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import { durationMsOf } from '../spec/quantities.ts'
import { alertTimesOf, type AlertGroup } from './alert.ts'

const OLDEST_SECONDS = 26 * 3600

export const backupAlerts = (spec: ClusterSpec): AlertGroup => {
  const { lasting } = alertTimesOf(spec)
  const rpoSeconds = durationMsOf(spec.backup.rpo) / 1000
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
        summary: 'WAL was last archived {{ $value | humanizeDuration }} ago',
        meaning: `If the whole cluster were lost now, more than the promised ${spec.backup.rpo} of writes would be lost with it. WAL waits on the primary’s disk.`,
        byItself: `Archiving is tried again all the time, and catches up when the repository answers. At ${spec.backup.walBudget} waiting WAL is given up, so that the database stays up; later moments can then be restored from the next full backup on.`,
        youMay:
          'See why: `./neuronha backup list`, `./neuronha logs member`. Repair the store or the way to it.',
        runbook: 'wal-not-archived',
      },
      {
        alert: 'BackupOld',
        expr: `time() - min by (repository) (neuronha_backup_newest_seconds) > ${OLDEST_SECONDS}`,
        forSeconds: lasting(600),
        severity: 'page',
        summary:
          'The newest backup in {{ $labels.repository }} is {{ $value | humanizeDuration }} old',
        meaning:
          'No backup was made for over 26 hours. A restore would have to replay all WAL since.',
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
      {
        alert: 'BackupTaskFailed',
        expr: 'max by (task) (neuronha_backup_task_failed) > 0',
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
    ],
  }
}
