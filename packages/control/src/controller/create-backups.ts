/**
 * All that a controller does about backups: their schedule, that of restore tests, the ledger that those compare with, and holes in
 * the archive.
 */
import type { ControllerConfig } from '@neuronha/core/config/processes.ts'
import type { TlsFiles } from '@neuronha/runtime/tls.ts'
import { createArchiveAgain } from '../backups/archive-again.ts'
import { createLedgerWriter, createMarkRestoreTest } from '../backups/recovery-ledger.ts'
import { createBackupSchedule } from './backup-schedule.ts'
import { createRestoreTestSchedule } from './restore-test-schedule.ts'
import type { RunnerScheduleOptions } from './runner-schedule.ts'

export interface CreateBackupsOptions extends Omit<RunnerScheduleOptions, 'cluster'> {
  readonly tls: TlsFiles
  readonly isActive: () => boolean
  /** A primary is being replaced. */
  readonly isBusy: () => boolean
  /** Of the primary, as it was seen last; null: there is none. */
  readonly primaryTimeline: () => number | null
}

export interface Backups {
  start(): void
  close(): Promise<void>
}

/** Undefined: this cluster has no repository. */
export function createBackups(
  { cluster, backups, observe }: Pick<ControllerConfig, 'cluster' | 'backups' | 'observe'>,
  options: CreateBackupsOptions,
): Backups | undefined {
  if (backups === null) return undefined
  const { tls, isActive, isBusy, logger } = options
  const access = { members: observe.members, login: observe.database, tls }
  const { restoreTest } = backups
  let archivedAgainMs: number | null = null
  const parts = [
    createBackupSchedule({
      ...options,
      cluster,
      backups,
      archivedAgainMs: () => archivedAgainMs,
    }),
    createRestoreTestSchedule({
      ...options,
      cluster,
      restoreTest,
      mark: createMarkRestoreTest(access, restoreTest.tables),
    }),
    createLedgerWriter({ ...access, isActive, isBusy, logger }),
    createArchiveAgain({
      ...options,
      ...access,
      cluster,
      onFound: () => (archivedAgainMs = Date.now()),
    }),
  ]
  return {
    start: () => {
      for (const part of parts) part.start()
    },
    close: async () => {
      await Promise.all(parts.map((part) => part.close()))
    },
  }
}
