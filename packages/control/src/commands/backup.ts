/** `backup list`, and what the runners of backups and of restore tests are asked for: `run`, `check`, `verify`, `test`. */
import { randomUUID } from 'node:crypto'
import type {
  BackupRequest,
  BackupTask,
  RestoreTestResult,
  TaskOutcome,
} from '@neuronha/core/contracts/backups.ts'
import { coordinationKeys } from '@neuronha/core/contracts/coordination.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { observeConfigOf } from '@neuronha/core/render/services.ts'
import { loadTls } from '@neuronha/runtime/tls.ts'
import { formatBackups, formatRestoreTest } from '../backups/format-backups.ts'
import { createMarkRestoreTest } from '../backups/recovery-ledger.ts'
import {
  parseBackupProgress,
  parseBackupRequest,
  parseBackupState,
  parseRestoreTestRequest,
  parseRestoreTestState,
} from '../coordination/backup-records.ts'
import { runStep } from '../setup/progress.ts'
import { askRunner } from './ask-runner.ts'
import { actorHere, withAudit } from './audit.ts'
import {
  createClusterObserver,
  openCluster,
  type ClusterChoice,
  type CommandIo,
  type OpenCluster,
} from './context.ts'
import { cliTlsFiles } from './open-kv.ts'

export async function backupList(io: CommandIo, choice: ClusterChoice): Promise<void> {
  const cluster = await openCluster(io, choice)
  const observer = createClusterObserver(cluster)
  try {
    const { backups } = await observer.observe()
    io.out(io.json ? JSON.stringify(backups, null, 2) : formatBackups(backups))
  } finally {
    await observer.close()
  }
}

const TITLES: Readonly<Record<BackupTask, string>> = {
  full: 'making a full backup',
  incremental: 'making an incremental backup',
  check: 'checking that what is archived arrives',
  verify: 'verifying the backups and their WAL',
}

/** @throws PlatformError REFUSED_FOR_SAFETY when the cluster file names none. */
export function assertHasRepository({ spec }: OpenCluster): void {
  if (spec.backup.repositories.length > 0) return
  throw new PlatformError('REFUSED_FOR_SAFETY', 'this cluster has no repository for backups', {
    hint: 'Name one under backup.repositories in the cluster file, then `./neuronha up`.',
  })
}

/**
 * Asks for a task, once nothing else is asked for, and waits until it is done. The same task, if somebody asked for it
 * already, is waited for instead.
 *
 * @throws PlatformError REFUSED_FOR_SAFETY without a repository; BACKUP_FAILED with the reason.
 */
export async function backupTask(
  io: CommandIo,
  choice: ClusterChoice,
  task: BackupTask,
): Promise<void> {
  const cluster = await openCluster(io, choice)
  assertHasRepository(cluster)
  const keys = coordinationKeys(cluster.spec.name)
  await withAudit(io, cluster, async ({ kv, record }) => {
    record({ kind: `cli.backup.${task}`, summary: `asked for: ${TITLES[task]}` })
    const outcome = await runStep(io.progress, TITLES[task], (step) =>
      askRunner<BackupRequest, TaskOutcome>({
        ...{ kv, step, signal: io.signal, events: 'backup', by: actorHere() },
        requestKey: keys.backupRequest,
        keys: [keys.backupProgress, keys.backupState],
        make: () =>
          Promise.resolve({
            ...{ id: randomUUID(), task, by: actorHere() },
            requestedAt: new Date().toISOString(),
          }),
        parse: parseBackupRequest,
        isSame: (present) => present.task === task,
        outcomeOf: (valueOf, { id }) => {
          const last = parseBackupState(valueOf(keys.backupState))?.last[task]
          return last?.request === id ? last : undefined
        },
        noteOf: (valueOf) => {
          const progress = parseBackupProgress(valueOf(keys.backupProgress))
          if (progress === undefined) return undefined
          const percent = progress.percent === null ? '' : ` ${Math.round(progress.percent)} %`
          return `${progress.repository}${percent}`
        },
      }),
    )
    if (io.json) io.out(JSON.stringify({ task, ...outcome }, null, 2))
    if (!outcome.ok) throw new PlatformError('BACKUP_FAILED', outcome.detail)
  })
}

/**
 * Has the newest backup restored into a throw-away member and checked, and waits for what comes of it.
 *
 * @throws PlatformError REFUSED_FOR_SAFETY without a repository; BACKUP_FAILED with what was wrong.
 */
export async function backupTest(io: CommandIo, choice: ClusterChoice): Promise<void> {
  const cluster = await openCluster(io, choice)
  assertHasRepository(cluster)
  const { spec, secrets } = cluster
  const keys = coordinationKeys(spec.name)
  const tlsFiles = cliTlsFiles(cluster)
  const { members, database: login } = observeConfigOf(spec, secrets, tlsFiles)
  const mark = createMarkRestoreTest(
    { members, login, tls: loadTls(tlsFiles) },
    spec.backup.restoreTest.tables,
  )
  await withAudit(io, cluster, async ({ kv, record }) => {
    record({ kind: 'cli.backup.test', summary: 'asked for a restore test' })
    const result = await runStep(
      io.progress,
      'restoring the newest backup and checking it',
      (step) =>
        askRunner<Awaited<ReturnType<typeof mark>>, RestoreTestResult>({
          ...{ kv, step, signal: io.signal, events: 'restore-test', by: actorHere() },
          requestKey: keys.restoreTestRequest,
          keys: [keys.restoreTestProgress, keys.restoreTestState],
          make: () => mark(actorHere()),
          parse: parseRestoreTestRequest,
          isSame: () => true,
          outcomeOf: (valueOf, { id }) => {
            const last = parseRestoreTestState(valueOf(keys.restoreTestState))?.last
            return last?.request === id ? last : undefined
          },
          noteOf: (valueOf) => valueOf(keys.restoreTestProgress),
        }),
    )
    io.out(io.json ? JSON.stringify(result, null, 2) : formatRestoreTest(result))
    if (!result.ok) throw new PlatformError('BACKUP_FAILED', result.detail)
  })
}
