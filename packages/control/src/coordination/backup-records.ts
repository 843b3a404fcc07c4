/** What the schedules and the runner of backups keep in etcd, as it is read back. */
import {
  backupProgress,
  backupRequest,
  backupScheduleState,
  backupState,
  restoreTestRequest,
  restoreTestState,
  type BackupProgress,
  type BackupRequest,
  type BackupState,
  type BackupTask,
  type RestoreTestRequest,
  type RestoreTestState,
} from '@neuronha/core/contracts/backups.ts'
import { parseRecord } from '@neuronha/runtime/parse-record.ts'

export const parseBackupRequest = (text: string | undefined): BackupRequest | undefined =>
  parseRecord(backupRequest, text)

export const parseBackupState = (text: string | undefined): BackupState | undefined =>
  parseRecord(backupState, text)

export const parseRestoreTestRequest = (text: string | undefined): RestoreTestRequest | undefined =>
  parseRecord(restoreTestRequest, text)

export const parseRestoreTestState = (text: string | undefined): RestoreTestState | undefined =>
  parseRecord(restoreTestState, text)

export const parseBackupProgress = (text: string | undefined): BackupProgress | undefined =>
  parseRecord(backupProgress, text)

/** Up to when each schedule has been heeded, milliseconds since 1970; a task that is absent never was. */
export function parseBackupSchedule(
  text: string | undefined,
): Readonly<Partial<Record<BackupTask, number>>> {
  const { handledUntil = {} } = parseRecord(backupScheduleState, text) ?? {}
  return Object.fromEntries(
    Object.entries(handledUntil).map(([task, until]) => [task, Date.parse(until)]),
  )
}
