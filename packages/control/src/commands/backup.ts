/** `backup list`, and what the runner of backups is asked for: `run`, `check`, `verify`. The active controller starts it. */
import { randomUUID } from 'node:crypto'
import type { BackupRequest, BackupTask, TaskOutcome } from '@neuronha/core/contracts/backups.ts'
import { coordinationKeys } from '@neuronha/core/contracts/coordination.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { sleep } from '@neuronha/runtime/clock.ts'
import { formatBackups } from '../backups/format-backups.ts'
import {
  parseBackupProgress,
  parseBackupRequest,
  parseBackupState,
} from '../coordination/backup-records.ts'
import type { PagedKv } from '../etcd/kv.ts'
import { runStep, type ProgressStep } from '../setup/progress.ts'
import { actorHere, withAudit } from './audit.ts'
import {
  createClusterObserver,
  openCluster,
  type ClusterChoice,
  type CommandIo,
  type OpenCluster,
} from './context.ts'

const LOOK_EVERY_MS = 1000
/** A controller looks every few seconds, and may have to take over first. */
const TAKEN_UP_MS = 60_000

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
  await withAudit(io, cluster, async ({ kv, record }) => {
    const outcome = await runStep(io.progress, TITLES[task], async (step) => {
      const request = await ask(cluster, kv, task, { signal: io.signal, step })
      record({ kind: `cli.backup.${task}`, summary: `asked for: ${TITLES[task]}` })
      return waitFor(io, cluster, kv, { request, step })
    })
    if (io.json) io.out(JSON.stringify({ task, ...outcome }, null, 2))
    if (!outcome.ok) throw new PlatformError('BACKUP_FAILED', outcome.detail)
  })
}

async function ask(
  { spec }: OpenCluster,
  kv: PagedKv,
  task: BackupTask,
  { signal, step }: { readonly signal: AbortSignal } & StepParts,
): Promise<BackupRequest> {
  if (spec.backup.repositories.length === 0)
    throw new PlatformError('REFUSED_FOR_SAFETY', 'this cluster has no repository for backups', {
      hint: 'Name one under backup.repositories in the cluster file, then `./neuronha up`.',
    })
  const { backupRequest: key } = coordinationKeys(spec.name)
  const request: BackupRequest = {
    id: randomUUID(),
    task,
    by: actorHere(),
    requestedAt: new Date().toISOString(),
  }
  for (;;) {
    const { succeeded } = await kv.transaction(
      [{ key, createRevision: '0' }],
      [{ put: key, value: JSON.stringify(request) }],
    )
    if (succeeded) return request
    const present = parseBackupRequest((await kv.get(key))?.value)
    // Our own first try may have been it too: its answer was lost, and the client sent it again.
    if (present?.task === task) return present
    if (present !== undefined) step.note(`after what ${present.by} asked for: ${present.task}`)
    await sleep(LOOK_EVERY_MS, signal)
  }
}

interface StepParts {
  readonly step: Pick<ProgressStep, 'note'>
}

async function waitFor(
  io: CommandIo,
  { spec }: OpenCluster,
  kv: PagedKv,
  { request, step }: { readonly request: BackupRequest } & StepParts,
): Promise<TaskOutcome> {
  const keys = coordinationKeys(spec.name)
  const untilMs = performance.now() + TAKEN_UP_MS
  let isTakenUp = false
  for (;;) {
    const { kvs } = await kv.read(
      [keys.backupRequest, keys.backupProgress, keys.backupState].map((key) => ({ key })),
    )
    const valueOf = (key: string): string | undefined => kvs.find((kv) => kv.key === key)?.value
    const outcome = parseBackupState(valueOf(keys.backupState))?.last[request.task]
    if (outcome?.request === request.id) return outcome
    if (parseBackupRequest(valueOf(keys.backupRequest))?.id !== request.id)
      throw new PlatformError('BACKUP_FAILED', 'it was given up', {
        hint: '`./neuronha events --kind backup` says why.',
      })
    const progress = parseBackupProgress(valueOf(keys.backupProgress))
    if (progress !== undefined) {
      isTakenUp = true
      const percent = progress.percent === null ? '' : ` ${Math.round(progress.percent)} %`
      step.note(`${progress.repository}${percent}`)
    }
    if (!isTakenUp && performance.now() > untilMs) {
      await kv.delete(keys.backupRequest)
      throw new PlatformError(
        'CLUSTER_DEGRADED',
        `no controller began within ${TAKEN_UP_MS / 1000} s; nothing is asked for any more`,
        {
          hint: 'Is a controller active, and does the runner start? `./neuronha status`, `./neuronha logs backup`.',
        },
      )
    }
    await sleep(LOOK_EVERY_MS, io.signal)
  }
}
