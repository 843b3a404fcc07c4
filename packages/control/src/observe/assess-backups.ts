/** Backups as the status has them, and in plain words what is wrong with them. */
import {
  recoverableBackups,
  type BackupsStatus,
  type RepositoryState,
} from '@neuronha/core/contracts/backups.ts'
import { valueOf, type RawObservation } from './raw-observation.ts'
import { count, duration, list } from './words.ts'

export const assessBackups = (raw: RawObservation): BackupsStatus => {
  const { repositories, rpoMs } = raw.config
  const archive = repositories.length === 0 ? null : archiveOf(raw)
  const state = stateOfConfigured(raw)
  return {
    configured: repositories.length > 0,
    repositories: [...repositories],
    stores: raw.stores.map(({ name, answer }) => ({
      name,
      healthy: answer.ok,
      detail: answer.ok ? '' : answer.why,
    })),
    archive,
    state,
    running: raw.records.backupProgress,
    restore_tests: raw.records.restoreTests,
    problems: [
      ...archiveProblems(archive, rpoMs),
      ...unusable(state),
      ...gaps(state),
      ...failedTasks(state),
      ...spoiled(state),
      ...failedRestoreTest(raw.records.restoreTests),
    ],
  }
}

/** What is known of repositories, or of places, that the cluster file no longer names is of no interest. */
const stateOfConfigured = ({ config, records }: RawObservation): BackupsStatus['state'] => {
  const { backupState: state } = records
  if (state === null || config.repositories.length === 0) return null
  const isConfigured = (known: RepositoryState): boolean =>
    config.repositories.some(({ name, place }) => name === known.name && place === known.place)
  return { ...state, repositories: state.repositories.filter(isConfigured) }
}

const archiveOf = ({ members }: RawObservation): BackupsStatus['archive'] => {
  const archive = members.map(({ slowFacts }) => valueOf(slowFacts)?.archive).find(Boolean)
  if (archive === undefined || archive === null) return null
  const { lastWal, lastAt, waiting, lagMs, failedWal } = archive
  return { last_wal: lastWal, last_at: lastAt, waiting, lag_ms: lagMs, failed_wal: failedWal }
}

/** A segment is closed when it is as old as the promise, and has to be sent then: twice that is late. */
const LATE_AFTER_RPOS = 2

const archiveProblems = (archive: BackupsStatus['archive'], rpoMs: number): readonly string[] => {
  if (archive === null || archive.waiting === 0) return []
  if (archive.lag_ms === null || archive.lag_ms < LATE_AFTER_RPOS * rpoMs) return []
  return [
    `WAL has waited for ${duration(archive.lag_ms)} to be archived: ${count(archive.waiting, 'segment', 'segments')} on the primary’s disk`,
  ]
}

type State = BackupsStatus['state']

const unusable = (state: State): readonly string[] =>
  (state?.repositories ?? [])
    .filter(({ ok }) => !ok)
    .map(({ name, detail }) => `${name} cannot be read: ${detail}`)

const TASKS: Readonly<Record<string, string>> = {
  full: 'the last full backup',
  incremental: 'the last incremental backup',
  check: 'the last check of the archive',
  verify: 'the last verification of backups',
}

const gaps = (state: State): readonly string[] =>
  (state?.repositories ?? []).flatMap((repository) =>
    repository.gaps.length > 0 && recoverableBackups(repository).length === 0
      ? [
          `in ${repository.name}, WAL is missing after the newest backup: the next one is due at once`,
        ]
      : [],
  )

const failedTasks = (state: State): readonly string[] =>
  Object.entries(state?.last ?? {})
    .filter(([, { ok }]) => !ok)
    .map(([task, { detail }]) => `${TASKS[task] ?? task} failed: ${detail}`)

const failedRestoreTest = (tests: BackupsStatus['restore_tests']): readonly string[] =>
  tests === null || tests.last.ok ? [] : [`the last restore test failed: ${tests.last.detail}`]

const spoiled = (state: State): readonly string[] =>
  (state?.repositories ?? []).flatMap(({ name, backups }) => {
    const bad = backups.filter(
      ({ has_errors, verification }) => has_errors || verification?.ok === false,
    )
    return bad.length === 0
      ? []
      : [`in ${name}, ${list(bad.map(({ label }) => label))} cannot be restored whole`]
  })
