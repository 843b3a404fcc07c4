/** Backups in words: what `backup list` prints, and the line of `status`. Pure. */
import {
  recoverableBackups,
  usableBackups,
  type BackupEntry,
  type BackupsStatus,
  type RestoreTestResult,
  type RepositoryState,
} from '@neuronha/core/contracts/backups.ts'
import { bytes, count, duration } from '../observe/words.ts'
import { renderTable, type Column } from '../status/text-table.ts'

const utc = (time: string): string => `${time.slice(0, 10)} ${time.slice(11, 19)}`

export interface RecoverabilityWindow {
  readonly from: string
  readonly to: string
}

/** Between which moments one could restore to any from this repository; null: none. Before it WAL may be missing. */
export function windowOf(
  repository: RepositoryState,
  archive: BackupsStatus['archive'],
): RecoverabilityWindow | null {
  const recoverable = recoverableBackups(repository)
  const oldest = recoverable[0]
  const newest = recoverable.at(-1)
  if (!repository.ok || oldest === undefined || newest === undefined) return null
  const archivedAt = archive?.last_at ?? newest.ended_at
  return {
    from: oldest.ended_at,
    to: archivedAt > newest.ended_at ? archivedAt : newest.ended_at,
  }
}

/** The line of `status`, without its label. */
export function backupsLine(backups: BackupsStatus, nowMs: number): readonly string[] {
  if (!backups.configured) return ['no repository configured']
  const ago = (time: string): string => `${duration(Math.max(0, nowMs - Date.parse(time)))} ago`
  return backups.repositories.map(({ name, place }) => {
    const state = backups.state?.repositories.find((repository) => repository.name === name)
    const newest = state === undefined ? undefined : usableBackups(state).at(-1)
    const window = state === undefined ? null : windowOf(state, backups.archive)
    return [
      `${name} (${place})`,
      newest === undefined ? 'no backup yet' : `${newest.kind} backup ${ago(newest.ended_at)}`,
      window === null ? '' : `window from ${utc(window.from)}`,
      archiveWords(backups.archive, ago),
      verifiedWords(backups.restore_tests, ago),
      runningWords(backups, name),
    ]
      .filter((fact) => fact !== '')
      .join(', ')
  })
}

const archiveWords = (archive: BackupsStatus['archive'], ago: (time: string) => string): string => {
  if (archive === null) return ''
  if (archive.last_at === null) return 'no WAL archived yet'
  const waits =
    archive.waiting === 0 ? '' : `, ${count(archive.waiting, 'segment waits', 'segments wait')}`
  return `WAL archived ${ago(archive.last_at)}${waits}`
}

const verifiedWords = (
  tests: BackupsStatus['restore_tests'],
  ago: (time: string) => string,
): string =>
  tests?.last_verified == null
    ? 'no restore tested'
    : `restore tested ${ago(tests.last_verified.at)}`

const runningWords = ({ running }: BackupsStatus, name: string): string => {
  if (running?.repository !== name) return ''
  const percent = running.percent === null ? '' : ` ${Math.round(running.percent)} %`
  return `${running.task} runs${percent}`
}

const verified = ({ has_errors, verification }: BackupEntry): string => {
  if (has_errors) return 'page errors'
  if (verification === null) return 'not verified'
  return verification.ok ? 'verified' : `spoiled: ${verification.detail}`
}

const COLUMNS: readonly Column[] = [
  { title: 'Backup' },
  { title: 'Kind' },
  { title: 'Ended (UTC)' },
  { title: 'Took', align: 'right' },
  { title: 'Database', align: 'right' },
  { title: 'Stored', align: 'right' },
  { title: '' },
]

/** Every repository with what it holds. */
export function formatBackups(backups: BackupsStatus): string {
  if (!backups.configured)
    return 'The cluster file names no repository (backup.repositories): nothing is backed up.'
  const tested = testWords(backups.restore_tests)
  const parts = backups.repositories.map(({ name, place, kind }) => {
    const state = backups.state?.repositories.find((repository) => repository.name === name)
    const trial =
      kind === 'trial'
        ? ['  On the machine that it backs up: for trials, not for data that matters.']
        : []
    return [`${name}: ${place}`, ...trial, ...bodyOf(state, backups)].join('\n')
  })
  return [...parts, tested].join('\n\n')
}

/** The newest proof, and that there is none. */
function testWords(tests: BackupsStatus['restore_tests']): string {
  if (tests === null) return 'No restore was tested yet: `./neuronha backup test`.'
  const { last, last_verified: verified } = tests
  if (last.ok) return formatRestoreTest(last)
  return verified === null
    ? formatRestoreTest(last)
    : `${formatRestoreTest(last)}\n  The last that passed: up to ${utc(verified.target_at)} UTC.`
}

function bodyOf(state: RepositoryState | undefined, { archive }: BackupsStatus): readonly string[] {
  if (state === undefined)
    return ['  Nothing was asked for yet; the first backup is made by itself.']
  if (!state.ok) return [`  of no use now: ${state.detail}`]
  const window = windowOf(state, archive)
  const words =
    window === null
      ? '  No moment can be restored yet.'
      : `  Can be restored: any moment from ${utc(window.from)} to ${utc(window.to)} UTC.`
  const missing = state.gaps.map(
    ({ after, before }) => `  WAL is missing between ${after} and ${before}.`,
  )
  if (state.backups.length === 0) return [words, ...missing]
  const rows = state.backups.map((backup) => [
    backup.label,
    backup.kind,
    utc(backup.ended_at),
    duration(Date.parse(backup.ended_at) - Date.parse(backup.started_at)),
    bytes(backup.database_bytes),
    bytes(backup.stored_bytes),
    verified(backup),
  ])
  const cells = rows.map((row) => row.map((text) => ({ text })))
  return [
    words,
    ...missing,
    ...renderTable(COLUMNS, cells, (text) => text).map((line) => `  ${line}`),
  ]
}

/** `restored and checked up to 2026-11-28 20:01:10 UTC: 38 MB copied in 4.0 s, WAL replayed in 2.1 s, checked in 9.0 s`. */
export function formatRestoreTest(result: RestoreTestResult): string {
  const { ok, detail, target_at, restored_bytes, restore_ms, replay_ms, check_ms } = result
  const parts = [
    restore_ms === null ? '' : `${bytes(restored_bytes ?? 0)} copied in ${duration(restore_ms)}`,
    replay_ms === null ? '' : `WAL replayed in ${duration(replay_ms)}`,
    check_ms === null ? '' : `checked in ${duration(check_ms)}`,
  ].filter((part) => part !== '')
  const head = ok
    ? `Restored and checked: nothing is missing up to ${utc(target_at)} UTC.`
    : `The restore test failed: ${detail}`
  return parts.length === 0 ? head : `${head}\n  ${parts.join(', ')}`
}
