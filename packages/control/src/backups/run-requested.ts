/**
 * The backups that somebody or the schedule asked for, made in a container of their own, which rests in between. It reads
 * in etcd what is asked, does it in every repository, writes down what came of it, and ends.
 *
 *   started ──(nothing is asked)────────────────────────────────▶ ended
 *   started ──▶ working ──(done or failed, both written down)───▶ ended     the request is taken away
 *
 * Killed at any point it leaves the request: the active controller starts it again, and it does the whole of it again.
 * pgBackRest takes an aborted backup up where it stopped, and PostgreSQL's side of one ends with its connection. Progress
 * hangs on a lease.
 */
import {
  type BackupProgress,
  type BackupRequest,
  type BackupState,
  type RepositoryState,
  type TaskOutcome,
  type Verification,
} from '@neuronha/core/contracts/backups.ts'
import { coordinationKeys } from '@neuronha/core/contracts/coordination.ts'
import type { PlatformError } from '@neuronha/core/errors.ts'
import { toPlatformError } from '@neuronha/core/errors.ts'
import { sleep } from '@neuronha/runtime/clock.ts'
import { parseBackupRequest, parseBackupState } from '../coordination/backup-records.ts'
import { hangOnLease } from '../coordination/kept-lease.ts'
import type { Kv } from '../etcd/kv.ts'
import type { EventLog } from '../events/event-log.ts'
import { verifiedBy } from './verify-output.ts'
import { numberOf, type Pgbackrest } from './pgbackrest.ts'

export interface RunRequestedDeps {
  readonly kv: Kv
  readonly cluster: string
  readonly repositories: readonly string[]
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
  if (request !== undefined) {
    const before = parseBackupState((await kv.get(keys.backupState))?.value)
    const outcome = await carryOut(request, deps)
    const state = await nextState({ before, request, ...outcome }, deps)
    // In one step: nobody sees the request gone and the outcome not there.
    await kv.transaction(
      [],
      [{ put: keys.backupState, value: JSON.stringify(state) }, { delete: keys.backupRequest }],
    )
    recordOutcome(request, state, deps)
    return request
  }
  // One that this code cannot read asks for nothing.
  await kv.delete(keys.backupRequest)
  return undefined
}

interface Outcome {
  /** What failed, by repository. */
  readonly failures: readonly { readonly repository: string; readonly error: PlatformError }[]
  readonly verified: Readonly<Record<string, Readonly<Record<string, Verification>>>>
}

async function carryOut(request: BackupRequest, deps: RunRequestedDeps): Promise<Outcome> {
  const failures: Outcome['failures'][number][] = []
  const verified: Record<string, Readonly<Record<string, Verification>>> = {}
  for (const repository of deps.repositories) {
    try {
      verified[repository] = await whileShown(request, repository, deps, (show) =>
        doIn(repository, request, show, deps),
      )
    } catch (thrown) {
      if (deps.signal.aborted) throw thrown
      failures.push({ repository, error: toPlatformError(thrown) })
    }
  }
  return { failures, verified }
}

type Show = (percent: number) => void

/** @returns What was verified, by the backup's label. */
async function doIn(
  repository: string,
  { task }: BackupRequest,
  show: Show,
  deps: RunRequestedDeps,
): Promise<Readonly<Record<string, Verification>>> {
  switch (task) {
    case 'full':
    case 'incremental':
      await backUp(repository, task, show, deps)
      return verify(repository, 'newest', deps)
    case 'check':
      await deps.pgbackrest.run(['check'], { signal: deps.signal })
      return {}
    case 'verify':
      return verify(repository, 'all', deps)
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
      await pgbackrest.run(args, { signal, onLine: (line) => showPercent(line, show) })
      return
    } catch (thrown) {
      if (attempt === TRIES || signal.aborted) throw thrown
      await sleep(retryAfterMs, signal)
    }
  }
}

/** `P01 DETAIL: backup file host:path (8KB, 37.41%) checksum …` */
const showPercent = (line: string, show: Show): void => {
  const [, percent] = /\(.*?, (\d+(?:\.\d+)?)%\)/.exec(line) ?? []
  if (percent !== undefined) show(Number(percent))
}

async function verify(
  repository: string,
  which: 'newest' | 'all',
  { pgbackrest, signal, now }: RunRequestedDeps,
): Promise<Readonly<Record<string, Verification>>> {
  const [state] = await pgbackrest.info([repository])
  const labels = state?.backups.map(({ label }) => label) ?? []
  const verified: Record<string, Verification> = {}
  for (const label of which === 'all' ? labels : labels.slice(-1)) {
    const args = [
      `--repo=${numberOf(repository)}`,
      `--set=${label}`,
      '--output=text',
      '--verbose',
      'verify',
    ]
    const said = await pgbackrest
      .run(args, { signal })
      .catch((thrown: unknown) => toPlatformError(thrown))
    if (signal.aborted) throw toPlatformError(signal.reason)
    verified[label] = { at: new Date(now()).toISOString(), ...verifiedBy(said) }
  }
  return verified
}

/** Shows the progress of one repository's turn, at most once a second. */
async function whileShown<T>(
  { task }: BackupRequest,
  repository: string,
  { kv, cluster, now }: RunRequestedDeps,
  act: (show: Show) => Promise<T>,
): Promise<T> {
  const key = coordinationKeys(cluster).backupProgress
  const since = new Date(now()).toISOString()
  const valueOf = (percent: number | null): string =>
    JSON.stringify({ task, repository, since, percent } satisfies BackupProgress)
  const lease = await hangOnLease(kv, (id) => kv.put(key, valueOf(null), id))
  let shownAt = 0
  const show: Show = (percent) => {
    if (performance.now() - shownAt < SHOW_EVERY_MS) return
    shownAt = performance.now()
    // Nobody decides by it.
    kv.put(key, valueOf(percent), lease.id).catch(toPlatformError)
  }
  try {
    return await act(show)
  } finally {
    await lease.release()
  }
}

const SHOW_EVERY_MS = 1000

async function nextState(
  {
    before,
    request,
    failures,
    verified,
  }: Outcome & { readonly before: BackupState | undefined; readonly request: BackupRequest },
  { pgbackrest, repositories, now }: RunRequestedDeps,
): Promise<BackupState> {
  const at = new Date(now()).toISOString()
  const states = await pgbackrest.info(repositories)
  const spoiled = Object.entries(verified).flatMap(([repository, labels]) =>
    Object.entries(labels)
      .filter(([, { ok }]) => !ok)
      .map(([label, { detail }]) => `${repository} ${label}: ${detail}`),
  )
  const failed = failures.map(({ repository, error }) =>
    [`${repository}: ${error.message}`, error.hint ?? ''].filter(Boolean).join('. '),
  )
  const detail = [...failed, ...spoiled].join('; ')
  const outcome: TaskOutcome = { request: request.id, at, ok: detail === '', detail }
  return {
    looked_at: at,
    repositories: states.map((state) => withVerifications(state, verified[state.name], before)),
    last: { ...before?.last, [request.task]: outcome },
  }
}

/** What was verified earlier stays verified. */
function withVerifications(
  state: RepositoryState,
  verified: Readonly<Record<string, Verification>> = {},
  before: BackupState | undefined,
): RepositoryState {
  const earlier = before?.repositories.find(({ name }) => name === state.name)?.backups ?? []
  return {
    ...state,
    backups: state.backups.map((backup) => ({
      ...backup,
      verification:
        verified[backup.label] ??
        earlier.find(({ label }) => label === backup.label)?.verification ??
        null,
    })),
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
    },
  })
}
