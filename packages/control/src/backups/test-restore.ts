/**
 * One restore test: the newest backup and its WAL, restored into a throw-away copy up to a restore point, and compared with
 * what the live cluster said it was there. The container rests in between.
 *
 *   started ──(nothing is asked)────────────────────────────────────────────▶ ended
 *   started ──▶ restoring ──▶ replaying ──▶ checking ──▶ removing ──▶ ended     the request is taken away, with the outcome
 *                   └───────────────┴────────────┴── failed ──▶ removing ──▶ ended
 *
 * Killed at any point it leaves the request, and files that the next start removes first.
 */
import type { BackupConfig } from '@neuronha/core/config/processes.ts'
import {
  tableMarks,
  type RestoreTestRequest,
  type RestoreTestResult,
  type RestoreTestState,
  type TableMarks,
} from '@neuronha/core/contracts/backups.ts'
import { coordinationKeys } from '@neuronha/core/contracts/coordination.ts'
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import { quoteLiteral } from '@neuronha/core/render/sql.ts'
import { parseRestoreTestRequest, parseRestoreTestState } from '../coordination/backup-records.ts'
import { endRequest } from '../coordination/end-request.ts'
import { hangOnLease } from '../coordination/kept-lease.ts'
import type { Kv } from '../etcd/kv.ts'
import type { EventLog } from '../events/event-log.ts'
import { duration } from '../observe/words.ts'
import type { Pgbackrest } from './pgbackrest.ts'
import type { RestoredCopy } from './restored-copy.ts'

export interface TestRestoreDeps {
  readonly kv: Kv
  readonly cluster: string
  readonly repositories: BackupConfig['repositories']
  readonly pgbackrest: Pick<Pgbackrest, 'info'>
  readonly copy: RestoredCopy
  readonly events: Pick<EventLog, 'record'>
  readonly signal: AbortSignal
  /** Wall clock, milliseconds since 1970. */
  readonly now: () => number
}

/** Where it is, for whoever waits. */
type Tell = (words: string) => Promise<void>

/** @returns Undefined: nothing was asked for. */
export async function testRestore(deps: TestRestoreDeps): Promise<RestoreTestResult | undefined> {
  const { kv, cluster, copy } = deps
  const keys = coordinationKeys(cluster)
  await copy.remove()
  const found = await kv.get(keys.restoreTestRequest)
  if (found === undefined) return undefined
  const request = parseRestoreTestRequest(found.value)
  if (request === undefined) {
    // One that this code cannot read asks for nothing.
    await kv.delete(keys.restoreTestRequest)
    return undefined
  }
  const progress = keys.restoreTestProgress
  const lease = await hangOnLease(kv, (id) => kv.put(progress, 'beginning', id))
  // Nobody decides by it.
  const tell: Tell = (words) =>
    kv.put(progress, words, lease.id).catch((thrown: unknown) => void toPlatformError(thrown))
  const result = await carryOut(request, deps, tell).finally(async () => {
    await copy.remove()
    await lease.release()
  })
  const before = parseRestoreTestState((await kv.get(keys.restoreTestState))?.value)
  const state: RestoreTestState = {
    last: result,
    last_verified: result.ok ? result : (before?.last_verified ?? null),
  }
  const put = { put: keys.restoreTestState, value: JSON.stringify(state) }
  await endRequest(
    kv,
    keys.restoreTestRequest,
    put,
    (value) => parseRestoreTestRequest(value)?.id === request.id,
  )
  recordResult(request, result, deps)
  return result
}

type Measured = Pick<
  RestoreTestResult,
  'backup' | 'restored_bytes' | 'restore_ms' | 'replay_ms' | 'check_ms'
>

const NOTHING_MEASURED: Measured = {
  backup: null,
  restored_bytes: null,
  restore_ms: null,
  replay_ms: null,
  check_ms: null,
}

async function carryOut(
  request: RestoreTestRequest,
  deps: TestRestoreDeps,
  tell: Tell,
): Promise<RestoreTestResult> {
  const { repositories, signal, now } = deps
  const { repository, backup, why } = await newestBackup(deps)
  let measured: Measured = { ...NOTHING_MEASURED, backup: backup?.label ?? null }
  const measure = (part: Partial<Measured>): void => {
    measured = { ...measured, ...part }
  }
  const problems: string[] = []
  try {
    if (backup === undefined)
      throw new PlatformError('BACKUP_FAILED', `there is no backup to restore${why}`)
    measure({ restored_bytes: backup.database_bytes })
    problems.push(...(await restoreAndCheck(request, deps.copy, { repository, measure, tell })))
  } catch (thrown) {
    if (signal.aborted) throw thrown
    problems.push(toPlatformError(thrown).message)
  }
  return {
    request: request.id,
    at: new Date(now()).toISOString(),
    ok: problems.length === 0,
    detail: problems.join('; '),
    repository: repository ?? repositories[0]?.name ?? '',
    target: request.target,
    target_at: request.requestedAt,
    ...measured,
  }
}

/** Of the first repository that has one and can be read. */
async function newestBackup({ repositories, pgbackrest }: TestRestoreDeps) {
  let why = ''
  for (const { name } of repositories) {
    try {
      const backup = (await pgbackrest.info(name)).backups.at(-1)
      if (backup !== undefined) return { repository: name, backup, why }
    } catch (thrown) {
      why += `; ${name}: ${toPlatformError(thrown).message}`
    }
  }
  return { repository: undefined, backup: undefined, why }
}

async function restoreAndCheck(
  request: RestoreTestRequest,
  copy: RestoredCopy,
  {
    repository,
    measure,
    tell,
  }: {
    readonly repository: string
    readonly measure: (part: Partial<Measured>) => void
    readonly tell: Tell
  },
): Promise<readonly string[]> {
  const timed = async (what: string, act: () => Promise<void>): Promise<number> => {
    await tell(what)
    const from = performance.now()
    await act()
    return Math.round(performance.now() - from)
  }
  measure({
    restore_ms: await timed('restoring', async () => {
      await copy.restore({
        repository,
        target: { kind: 'name', name: request.target },
        // Its WAL must not get into the live archive.
        options: ['--archive-mode=off'],
      })
    }),
  })
  measure({ replay_ms: await timed('replaying', () => copy.start()) })
  const problems: string[] = []
  measure({
    check_ms: await timed('checking', async () => {
      problems.push(...(await ledgerProblems(request, copy)))
      problems.push(...(await tableProblems(request, copy)))
      await copy.checkRelations()
      await copy.stop()
      await copy.checkPages()
    }),
  })
  return problems
}

/** Every number that the live cluster had acknowledged, once. */
async function ledgerProblems(
  { ledger: { from, to } }: RestoreTestRequest,
  copy: RestoredCopy,
): Promise<readonly string[]> {
  const answer = await copy.ask(
    `SELECT count(*) || ' ' || coalesce(max(seq), 0) FROM neuronha.ledger WHERE seq BETWEEN ${from} AND ${to}`,
  )
  const [count = 0, last = 0] = answer.split(' ').map(Number)
  const missing = to - from + 1 - count
  if (missing === 0) return []
  return [`${missing} of the ledger’s entries ${from} to ${to} are missing (the last is ${last})`]
}

async function tableProblems(
  { tables }: RestoreTestRequest,
  copy: RestoredCopy,
): Promise<readonly string[]> {
  const names = Object.keys(tables)
  if (names.length === 0) return []
  const list = names.map(quoteLiteral).join(', ')
  const restored: TableMarks = tableMarks.parse(
    JSON.parse(await copy.ask(`SELECT neuronha.table_marks(ARRAY[${list}])`)),
  )
  return Object.entries(tables).flatMap(([name, { rows, hash }]) => {
    const found = restored[name]
    if (found?.rows === rows && found.hash === hash) return []
    return found?.rows === rows
      ? [`${name} has other rows than the live one had`]
      : [`${name} has ${found?.rows ?? 0} rows, the live one had ${rows}`]
  })
}

function recordResult(
  { by }: RestoreTestRequest,
  result: RestoreTestResult,
  { events }: TestRestoreDeps,
): void {
  const { ok, detail, target_at, restore_ms, replay_ms, check_ms, backup } = result
  const took = duration((restore_ms ?? 0) + (replay_ms ?? 0))
  events.record({
    kind: ok ? 'restore-test.passed' : 'restore-test.failed',
    severity: ok ? 'info' : 'warning',
    summary: ok
      ? `restored and checked up to ${target_at} in ${took}`
      : `the restore test failed: ${detail}`,
    actor: by,
    evidence: { backup, restore_ms, replay_ms, check_ms },
  })
}
