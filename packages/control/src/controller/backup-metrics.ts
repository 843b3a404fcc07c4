/** The series of archiving, backups and restore tests. */
import {
  recoverableBackups,
  usableBackups,
  type BackupEntry,
  type BackupsStatus,
  type RepositoryState,
} from '@neuronha/core/contracts/backups.ts'
import { flag, whole, type ClusterMetric } from './cluster-metric.ts'

const seconds = (ms: number | null): number | null => (ms === null ? null : ms / 1000)
const endOf = (backup: BackupEntry | undefined): number | null =>
  backup === undefined ? null : Date.parse(backup.ended_at) / 1000

/** Every repository that the cluster file names has its series, also one that nothing is known of yet. */
const ofRepositories =
  (value: (repository: RepositoryState | undefined) => number | null): ClusterMetric['samples'] =>
  ({ backups }) =>
    backups.repositories.map(({ name }) => ({
      labels: { repository: name },
      value: value(backups.state?.repositories.find((known) => known.name === name)),
    }))

const usable = (repository: RepositoryState | undefined): readonly BackupEntry[] =>
  repository === undefined ? [] : usableBackups(repository)
const recoverable = (repository: RepositoryState | undefined): readonly BackupEntry[] =>
  repository === undefined ? [] : recoverableBackups(repository)

const verifiedUpTo = ({ restore_tests: tests, state }: BackupsStatus): number | null => {
  const verified = tests?.last_verified
  if (verified != null) return Date.parse(verified.target_at) / 1000
  const oldest = (state?.repositories ?? []).map((repository) =>
    endOf(usableBackups(repository)[0]),
  )
  return oldest.find((end) => end !== null) ?? null
}

export const BACKUP_METRICS: readonly ClusterMetric[] = [
  {
    name: 'archive_lag_seconds',
    help: 'How long the oldest segment has waited to be archived; while none waits, how long ago the newest was archived.',
    labels: [],
    samples: ({ backups }) => whole(seconds(backups.archive?.lag_ms ?? null)),
  },
  {
    name: 'archive_waiting_segments',
    help: 'Closed WAL segments on the primary that are not in every repository.',
    labels: [],
    samples: ({ backups }) => whole(backups.archive?.waiting ?? null),
  },
  {
    name: 'repository_ok',
    help: '1 when the repository of backups could be read the last time.',
    labels: ['repository'],
    samples: ofRepositories((repository) =>
      repository === undefined ? null : flag(repository.ok),
    ),
  },
  {
    name: 'repository_backups',
    help: 'Backups in the repository that one could restore from.',
    labels: ['repository'],
    samples: ofRepositories((repository) => usable(repository).length),
  },
  {
    name: 'backup_oldest_seconds',
    help: 'Where the recoverability window begins, seconds since 1970: the end of the oldest backup after which no WAL is missing.',
    labels: ['repository'],
    samples: ofRepositories((repository) => endOf(recoverable(repository)[0])),
  },
  {
    name: 'backup_newest_seconds',
    help: 'When the newest backup after which no WAL is missing ended, seconds since 1970; 0 when there is none.',
    labels: ['repository'],
    samples: ofRepositories((repository) => endOf(recoverable(repository).at(-1)) ?? 0),
  },
  {
    name: 'backups_spoiled',
    help: 'Backups in the repository that cannot be restored whole.',
    labels: ['repository'],
    samples: ofRepositories(
      (repository) => (repository?.backups.length ?? 0) - usable(repository).length,
    ),
  },
  {
    name: 'last_verified_restore_seconds',
    help: 'Up to when a restored copy was proven complete, seconds since 1970; before the first restore test, when the oldest backup ended.',
    labels: [],
    samples: ({ backups }) => whole(verifiedUpTo(backups)),
  },
  {
    name: 'restore_test_failed',
    help: '1 when the last restore test failed.',
    labels: [],
    samples: ({ backups: { restore_tests: tests } }) =>
      whole(tests === null ? null : flag(!tests.last.ok)),
  },
  {
    name: 'restore_test_milliseconds',
    help: 'How long each part of the last restore test took.',
    labels: ['part'],
    samples: ({ backups: { restore_tests: tests } }) =>
      (['restore', 'replay', 'check'] as const).map((part) => ({
        labels: { part },
        value: tests?.last[`${part}_ms`] ?? null,
      })),
  },
  {
    name: 'backup_task_failed',
    help: '1 when the task failed the last time: full, incremental, check or verify.',
    labels: ['task'],
    samples: ({ backups }) =>
      Object.entries(backups.state?.last ?? {}).map(([task, { ok }]) => ({
        labels: { task },
        value: flag(!ok),
      })),
  },
]
