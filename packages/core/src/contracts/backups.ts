/**
 * What is known of a cluster's backups: what the runner of backups writes down in etcd, what the controllers show. A
 * backup itself is known to its repository alone; this is the newest look at it.
 */
import { z } from 'zod'

/** What the runner can be asked for. */
export const backupTask = z.enum([
  /** Every file anew. */
  'full',
  /** What changed since the newest backup; a full one where there is none. */
  'incremental',
  /** Is what the primary archives really in every repository? */
  'check',
  /** Are the files of the backups, and their WAL, whole? */
  'verify',
])
export type BackupTask = z.infer<typeof backupTask>
export const BACKUP_TASKS = backupTask.options

/** One thing that the runner is to do, in every repository. */
export const backupRequest = z.object({
  id: z.string(),
  task: backupTask,
  /** `schedule`, or user@machine. */
  by: z.string(),
  requestedAt: z.iso.datetime(),
})
export type BackupRequest = z.infer<typeof backupRequest>

/** Up to when each schedule has been heeded. */
export const backupScheduleState = z.object({
  handledUntil: z.partialRecord(backupTask, z.iso.datetime()),
})
export type BackupScheduleState = z.infer<typeof backupScheduleState>

export const verification = z.object({
  at: z.iso.datetime(),
  ok: z.boolean(),
  detail: z.string().describe('What is wrong; empty when nothing is'),
})
export type Verification = z.infer<typeof verification>

export const backupEntry = z
  .object({
    label: z.string().describe('pgBackRest’s name of it; sorts by time'),
    kind: z.enum(['full', 'differential', 'incremental']),
    started_at: z.iso.datetime(),
    ended_at: z.iso.datetime(),
    start_lsn: z.string(),
    start_wal: z.string().describe('The first WAL segment that a restore of it needs'),
    stop_lsn: z.string(),
    database_bytes: z.number().describe('Size of the database when it was taken'),
    stored_bytes: z
      .number()
      .describe('What it takes up in the repository, beyond the one it builds on'),
    has_errors: z.boolean().describe('Pages with wrong checksums were found while it was taken'),
    verification: verification.nullable().describe('null: not verified yet'),
  })
  .meta({ id: 'BackupEntry' })
export type BackupEntry = z.infer<typeof backupEntry>

export const archiveGap = z.object({
  after: z.string().describe('The last segment before what is missing'),
  before: z.string().describe('The first one after it'),
})
export type ArchiveGap = z.infer<typeof archiveGap>

export const repositoryState = z
  .object({
    name: z.string().describe('`repo1`, `repo2`, … as the cluster file lists them'),
    place: z.string().describe('Where it was: what is known of another place says nothing'),
    ok: z.boolean(),
    detail: z.string().describe('Why it is of no use now; empty when it is'),
    wal_from: z.string().nullable().describe('The oldest archived WAL segment'),
    wal_to: z.string().nullable().describe('The newest'),
    gaps: z.array(archiveGap).describe('Where WAL is missing between them'),
    backups: z
      .array(backupEntry)
      .describe('The oldest first; of very many the oldest and the newest'),
    backups_total: z.int(),
  })
  .meta({ id: 'RepositoryState' })
export type RepositoryState = z.infer<typeof repositoryState>

export const taskOutcome = z.object({
  request: z.string().describe('Id of the request'),
  at: z.iso.datetime(),
  ok: z.boolean(),
  detail: z.string().describe('What went wrong, with the way out; empty when nothing did'),
})
export type TaskOutcome = z.infer<typeof taskOutcome>

/** Written by the runner after each task. */
export const backupState = z.object({
  looked_at: z.iso.datetime(),
  repositories: z.array(repositoryState),
  /** How each task ended the last time. */
  last: z.partialRecord(backupTask, taskOutcome),
})
export type BackupState = z.infer<typeof backupState>

/** What the runner does now: on a lease, gone within seconds when it is killed. */
export const backupProgress = z.object({
  task: backupTask,
  repository: z.string(),
  since: z.iso.datetime(),
  percent: z.number().nullable(),
})
export type BackupProgress = z.infer<typeof backupProgress>

/** How many rows a table had, and a sum over the hashes of all of them. */
export const tableMark = z.object({ rows: z.number(), hash: z.string() })
export const tableMarks = z.record(z.string(), tableMark)
export type TableMarks = z.infer<typeof tableMarks>

/**
 * A restore that is to be proven: up to a restore point that was set just after the ledger and the chosen tables were as is
 * said here.
 */
export const restoreTestRequest = z.object({
  id: z.string(),
  /** `schedule`, or user@machine. */
  by: z.string(),
  requestedAt: z.iso.datetime(),
  /** Name of the restore point. */
  target: z.string(),
  /** The ledger's numbers up to the restore point: every one of them was acknowledged. */
  ledger: z.object({ from: z.int(), to: z.int() }),
  tables: tableMarks,
})
export type RestoreTestRequest = z.infer<typeof restoreTestRequest>

/** How a restore test ended. */
export const restoreTestResult = z
  .object({
    request: z.string().describe('Id of the request'),
    at: z.iso.datetime(),
    ok: z.boolean(),
    detail: z.string().describe('What was wrong; empty when nothing was'),
    repository: z.string(),
    target: z.string(),
    target_at: z.iso.datetime().describe('Up to when the restored copy was proven complete'),
    backup: z.string().nullable().describe('The backup that it began with'),
    restored_bytes: z.number().nullable(),
    restore_ms: z.number().nullable().describe('Copying the files back'),
    replay_ms: z.number().nullable().describe('Replaying WAL up to the target'),
    check_ms: z.number().nullable().describe('Ledger, tables, amcheck, checksums'),
  })
  .meta({ id: 'RestoreTestResult' })
export type RestoreTestResult = z.infer<typeof restoreTestResult>

/** Written by the runner of restore tests after each. */
export const restoreTestState = z.object({
  last: restoreTestResult,
  last_verified: restoreTestResult.nullable().describe('The newest that succeeded'),
})
export type RestoreTestState = z.infer<typeof restoreTestState>

/** As the primary has it. */
export const archiveStatus = z.object({
  last_wal: z.string().nullable(),
  last_at: z.iso.datetime({ offset: true }).nullable(),
  waiting: z.int().describe('Closed segments that are not in every repository yet'),
  lag_ms: z
    .number()
    .nullable()
    .describe(
      'How long the oldest segment has waited; while none waits, how long ago the newest was archived',
    ),
  failed_wal: z.string().nullable().describe('The segment that fails now; null: none does'),
})
export type ArchiveStatus = z.infer<typeof archiveStatus>

export const backupsStatus = z.object({
  configured: z.boolean(),
  repositories: z
    .array(
      z.object({
        name: z.string(),
        kind: z.enum(['trial', 's3']),
        place: z.string().describe('The bucket and where it is'),
      }),
    )
    .default([]),
  stores: z
    .array(z.object({ name: z.string(), healthy: z.boolean(), detail: z.string() }))
    .default([])
    .describe('The cluster’s own trial store; empty: it has none'),
  archive: archiveStatus.nullable().default(null).describe('null: no primary says'),
  state: backupState.nullable().default(null).describe('null: no backup was asked for yet'),
  running: backupProgress.nullable().default(null),
  restore_tests: restoreTestState.nullable().default(null).describe('null: none yet'),
  problems: z
    .array(z.string())
    .default([])
    .describe(
      'What a bad day would miss; apart from the cluster’s health, since none of it stops users or a failover',
    ),
})
export type BackupsStatus = z.infer<typeof backupsStatus>

/** The repository’s backups that one could restore from: those that no page error and no failed verification spoils. */
export const usableBackups = ({ backups }: RepositoryState): readonly BackupEntry[] =>
  backups.filter(({ has_errors, verification: seen }) => !has_errors && seen?.ok !== false)

/** Those from which one could go on to the newest archived WAL: no WAL is missing after them. */
export const recoverableBackups = (repository: RepositoryState): readonly BackupEntry[] => {
  const last = repository.gaps.at(-1)
  return usableBackups(repository).filter(
    ({ start_wal: start }) => last === undefined || start >= last.before,
  )
}
