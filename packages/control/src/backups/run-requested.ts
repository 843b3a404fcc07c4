/**
 * The backups that somebody or the schedule asked for, made in a container of their own, which rests in between. It reads
 * in etcd what is asked, does it in every repository, writes down what came of it, and ends.
 *
 *   started ──(nothing is asked)────────────────────────────────▶ ended
 *   started ──▶ working ──(done or failed, both written down)───▶ ended     the request is taken away
 *
 * Killed at any point it leaves the request: the active controller starts it again, and it does the whole of it again.
 * PostgreSQL's side of a backup ends with its connection, and what a killed one left in the repository pgBackRest removes.
 */
import type {
  BackupProgress,
  BackupRequest,
  BackupState,
  BackupTask,
  RepositoryState,
  TaskOutcome,
  Verification,
} from '@neuronha/core/contracts/backups.ts'
import type { BackupConfig } from '@neuronha/core/config/processes.ts'
import { coordinationKeys } from '@neuronha/core/contracts/coordination.ts'
import { toPlatformError, type PlatformError } from '@neuronha/core/errors.ts'
import { sleep } from '@neuronha/runtime/clock.ts'
import { parseBackupRequest, parseBackupState } from '../coordination/backup-records.ts'
import { endRequest } from '../coordination/end-request.ts'
import { keepLease } from '../coordination/kept-lease.ts'
import type { Kv } from '../etcd/kv.ts'
import type { EventLog } from '../events/event-log.ts'
import { lookAt } from './look-at-repository.ts'
import { numberOf, percentOf, type Pgbackrest } from './pgbackrest.ts'
import { parseVerify, type VerifyAnswer } from './verify-output.ts'

type Repository = BackupConfig['repositories'][number]

export interface RunRequestedDeps {
  readonly kv: Kv
  readonly cluster: string
  readonly repositories: readonly Repository[]
  readonly pgbackrest: Pgbackrest
  readonly events: Pick<EventLog, 'record'>
  readonly signal: AbortSignal
  /** Wall clock, milliseconds since 1970. */
  readonly now: () => number
  /** Between two tries of a backup (default 20 s): longer than a failover. */
  readonly retryAfterMs?: number
}

/** A backup that a failover broke is begun again. */
const TRIES = 3
const RETRY_AFTER_MS = 20_000

/** @returns What was asked for; undefined: nothing was. */
export async function runRequested(deps: RunRequestedDeps): Promise<BackupRequest | undefined> {
  const { kv, cluster } = deps
  const keys = coordinationKeys(cluster)
  const found = await kv.get(keys.backupRequest)
  if (found === undefined) return undefined
  const request = parseBackupRequest(found.value)
  if (request === undefined) {
    // One that this code cannot read asks for nothing.
    await kv.delete(keys.backupRequest)
    return undefined
  }
  const before = parseBackupState((await kv.get(keys.backupState))?.value)
  const done = await carryOut(request, deps)
  const state = await nextState({ before, request, done }, deps)
  const put = { put: keys.backupState, value: JSON.stringify(state) }
  await endRequest(
    kv,
    keys.backupRequest,
    put,
    (value) => parseBackupRequest(value)?.id === request.id,
  )
  recordOutcome(request, state, deps)
  return request
}

/** What came of one repository's turn. */
interface Done {
  readonly failure: PlatformError | null
  readonly verified: VerifyAnswer | null
}

async function carryOut(
  request: BackupRequest,
  deps: RunRequestedDeps,
): Promise<Readonly<Record<string, Done>>> {
  const { repositories, signal } = deps
  const done: Record<string, Done> = {}
  // A check looks into every repository by itself.
  const turns = request.task === 'check' ? repositories.slice(0, 1) : repositories
  for (const { name } of turns) {
    try {
      const verified = await whileShown(request, name, deps, (show) =>
        doIn(name, request.task, show, deps),
      )
      done[name] = { failure: null, verified }
    } catch (thrown) {
      if (signal.aborted) throw thrown
      done[name] = { failure: toPlatformError(thrown), verified: null }
    }
  }
  return done
}

type Show = (percent: number) => void

/** @returns What was found by a verification, if there was one. */
async function doIn(
  repository: string,
  task: BackupTask,
  show: Show,
  deps: RunRequestedDeps,
): Promise<VerifyAnswer | null> {
  const { pgbackrest, signal } = deps
  switch (task) {
    case 'full':
    case 'incremental':
      await backUp(repository, task, show, deps)
      return verify(repository, deps, (await pgbackrest.info(repository)).backups.at(-1)?.label)
    case 'check':
      await pgbackrest.run(['check'], { signal })
      return null
    case 'verify':
      return verify(repository, deps)
  }
}

async function backUp(
  repository: string,
  task: 'full' | 'incremental',
  show: Show,
  { pgbackrest, signal, retryAfterMs = RETRY_AFTER_MS }: RunRequestedDeps,
): Promise<void> {
  const type = task === 'full' ? 'full' : 'incr'
  const args = [
    `--repo=${numberOf(repository)}`,
    `--type=${type}`,
    '--log-level-console=detail',
    'backup',
  ]
  for (let attempt = 1; ; attempt += 1) {
    try {
      const onLine = (line: string): void => {
        const percent = percentOf(line)
        if (percent !== undefined) show(percent)
      }
      await pgbackrest.run(args, { signal, onLine })
      return
    } catch (thrown) {
      if (attempt === TRIES || signal.aborted) throw thrown
      await sleep(retryAfterMs, signal)
    }
  }
}

/** One backup with what it builds on; without a label all of them, and all WAL. */
async function verify(
  repository: string,
  { pgbackrest, signal }: RunRequestedDeps,
  label?: string,
): Promise<VerifyAnswer> {
  const said = await pgbackrest.run(
    [
      `--repo=${numberOf(repository)}`,
      ...(label === undefined ? [] : [`--set=${label}`]),
      '--output=text',
      '--verbose',
      'verify',
    ],
    { signal },
  )
  return parseVerify(said)
}

const SHOW_EVERY_MS = 1000

/** Shows the progress of one repository's turn, at most once a second. Nobody decides by it: that etcd is away is no matter. */
async function whileShown<T>(
  { task }: BackupRequest,
  repository: string,
  { kv, cluster, now }: RunRequestedDeps,
  act: (show: Show) => Promise<T>,
): Promise<T> {
  const key = coordinationKeys(cluster).backupProgress
  const since = new Date(now()).toISOString()
  const lease = await keepLease(kv).catch(() => undefined)
  let shownAt = -Infinity
  const show = (percent: number | null): void => {
    if (lease === undefined || performance.now() - shownAt < SHOW_EVERY_MS) return
    shownAt = performance.now()
    const progress: BackupProgress = { task, repository, since, percent }
    kv.put(key, JSON.stringify(progress), lease.id).catch(toPlatformError)
  }
  show(null)
  try {
    return await act(show)
  } finally {
    await lease?.release()
  }
}

async function nextState(
  {
    before,
    request,
    done,
  }: {
    readonly before: BackupState | undefined
    readonly request: BackupRequest
    readonly done: Readonly<Record<string, Done>>
  },
  { pgbackrest, repositories, now }: RunRequestedDeps,
): Promise<BackupState> {
  const at = new Date(now()).toISOString()
  const states: RepositoryState[] = []
  for (const repository of repositories) {
    const earlier = before?.repositories.find(
      ({ name, place }) => name === repository.name && place === repository.place,
    )
    const state = await lookAt(repository, earlier, pgbackrest)
    states.push(withVerdicts(state, done[repository.name]?.verified ?? null, at))
  }
  const detail = Object.entries(done)
    .flatMap(([name, { failure, verified }]) => [
      ...(failure === null ? [] : [`${name}: ${[failure.message, failure.hint].join('. ')}`]),
      ...(verified === null ? [] : wordsOf(name, verified)),
    ])
    .join('; ')
  const outcome: TaskOutcome = { request: request.id, at, ok: detail === '', detail }
  return {
    looked_at: at,
    repositories: states,
    last: { ...before?.last, [request.task]: outcome },
  }
}

const wordsOf = (name: string, { backups, wal, isIncomplete }: VerifyAnswer): readonly string[] => [
  ...Object.entries(backups)
    .filter(([, { ok }]) => !ok)
    .map(([label, { detail }]) => `${name} ${label}: ${detail}`),
  ...(wal === '' ? [] : [`${name} ${wal}`]),
  ...(isIncomplete ? [`${name}: not everything could be read`] : []),
]

function withVerdicts(
  state: RepositoryState,
  verified: VerifyAnswer | null,
  at: string,
): RepositoryState {
  if (verified === null) return state
  return {
    ...state,
    backups: state.backups.map((backup) => {
      const verdict = verified.backups[backup.label]
      const verification: Verification | null =
        verdict === undefined ? backup.verification : { at, ...verdict }
      return { ...backup, verification }
    }),
  }
}

const TASK_WORDS = {
  full: 'full backup',
  incremental: 'incremental backup',
  check: 'check of the archive',
  verify: 'verification of the backups',
} as const

function recordOutcome(
  { task, by }: BackupRequest,
  { last, repositories }: BackupState,
  { events }: RunRequestedDeps,
): void {
  const { ok, detail } = last[task] ?? { ok: false, detail: '' }
  events.record({
    kind: ok ? `backup.${task}` : 'backup.failed',
    severity: ok ? 'info' : 'warning',
    summary: ok ? `${TASK_WORDS[task]} done` : `${TASK_WORDS[task]} failed: ${detail}`,
    actor: by,
    evidence: {
      task,
      newest: Object.fromEntries(
        repositories.map(({ name, backups }) => [name, backups.at(-1)?.label ?? null]),
      ),
      gaps: Object.fromEntries(repositories.map(({ name, gaps }) => [name, gaps.length])),
    },
  })
}
