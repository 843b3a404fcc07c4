/** Backups in words: what `backup list` prints, and the line of `status`. Pure. */
import {
  usableBackups,
  type BackupEntry,
  type BackupsStatus,
  type RepositoryState,
} from '@neuronha/core/contracts/backups.ts'
import { bytes, count, duration } from '../observe/words.ts'
import { renderTable, type Column } from '../status/text-table.ts'

const utc = (time: string): string => `${time.slice(0, 10)} ${time.slice(11, 19)}`

export interface RecoverabilityWindow {
  readonly from: string
  readonly to: string
}

/** The earliest and the latest moment that one could restore to from this repository; null: none. */
export function windowOf(
  repository: RepositoryState,
  archive: BackupsStatus['archive'],
): RecoverabilityWindow | null {
  const usable = usableBackups(repository)
  const oldest = usable[0]
  const newest = usable.at(-1)
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
  return backups.repositories
    .map(({ name, place, kind }) => {
      const state = backups.state?.repositories.find((repository) => repository.name === name)
      const trial =
        kind === 'trial'
          ? ['  On the machine that it backs up: for trials, not for data that matters.']
          : []
      return [`${name}: ${place}`, ...trial, ...bodyOf(state, backups)].join('\n')
    })
    .join('\n\n')
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
  if (state.backups.length === 0) return [words]
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
  return [words, ...renderTable(COLUMNS, cells, (text) => text).map((line) => `  ${line}`)]
}
