/**
 * One transaction on one connection. The part that decides between "may be run again" and "nobody knows":
 * until COMMIT is sent, a lost connection means that nothing happened; from then on it means UNKNOWN_OUTCOME.
 * Rolling back after a failure is the job of whoever leased the connection.
 */
import assert from 'node:assert/strict'
import { PlatformError } from '@neuronha/core/errors.ts'
import type { PoolClient, QueryResult } from 'pg'
import type { WriteToken } from '../write-token.ts'
import { sqlOver, type Sql } from './sql.ts'
import { classifyFailure } from './sqlstate.ts'

/** Where a server stands, by the platform's own function (created with the cluster). */
export interface ReplayPosition {
  readonly inRecovery: boolean
  readonly lsn: string | null
  readonly timeline: number
  readonly lagMs: number | null
}

interface PositionRow {
  readonly in_recovery: boolean
  readonly lsn: string | null
  readonly timeline: number | string
  readonly lag_ms: number | null
}

const POSITION =
  'SELECT in_recovery, lsn::text AS lsn, timeline, lag_ms FROM neuronha.replay_position()'

/**
 * A transaction whose client is silent this long is ended by the server. Behind a frozen pooler it would stay
 * open, and the same request, run again elsewhere, would wait for its locks until the pooler thaws.
 */
const ABANDONED_AFTER_MS = 3000

/**
 * The end of this commit in the WAL, in the same round trip as COMMIT. The statement timeout is lifted
 * first: a wait for a standby that is *cancelled* reports success for a write that may yet be lost.
 */
const COMMIT = `SET LOCAL statement_timeout = 0; COMMIT;
  SELECT lsn::text AS lsn, ('x' || substr(pg_walfile_name(lsn), 1, 8))::bit(32)::int AS timeline
  FROM pg_current_wal_insert_lsn() AS lsn`

/** Several statements in one message give several results, which `pg`'s types do not know. */
const simpleAll = async (client: PoolClient, text: string): Promise<readonly QueryResult[]> => {
  const results: unknown = await client.query(text)
  return Array.isArray(results) ? (results as QueryResult[]) : [results as QueryResult]
}

const unknownOutcome = (why: string, cause?: unknown): PlatformError =>
  new PlatformError('UNKNOWN_OUTCOME', why, { cause })

/** Codes with which PostgreSQL refuses at COMMIT what it then certainly rolled back. */
const isCertainRollback = (thrown: unknown): boolean => {
  const failure = classifyFailure(thrown)
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
  return failure === 'contention' || (failure === 'definite' && code.startsWith('23'))
}

const commit = async (client: PoolClient): Promise<WriteToken> => {
  let doubt: string | undefined
  const onNotice = (notice: { code?: string | undefined; message?: string | undefined }): void => {
    // "canceling wait for synchronous replication": committed here, perhaps nowhere else.
    if (notice.code === '01000' || notice.code === '57P01') doubt = notice.message
  }
  client.on('notice', onNotice)
  try {
    const [, committed, position] = await simpleAll(client, COMMIT)
    if (doubt !== undefined) throw unknownOutcome(`The commit was not confirmed: ${doubt}`)
    assert(committed?.command === 'COMMIT', 'a failed statement was swallowed before COMMIT')
    const row = position?.rows[0] as { lsn: string; timeline: number } | undefined
    assert(row !== undefined, 'the position after COMMIT is missing')
    return row
  } catch (thrown) {
    if (thrown instanceof PlatformError || thrown instanceof assert.AssertionError) throw thrown
    if (isCertainRollback(thrown)) throw thrown
    throw unknownOutcome('The connection was lost while committing', thrown)
  } finally {
    client.off('notice', onNotice)
  }
}

export interface Committed<T> {
  readonly value: T
  readonly token: WriteToken
}

export interface WriteTransactionOptions {
  readonly statementTimeoutMs: number
  /** Called when COMMIT is about to be sent: from here on the deadline must be a generous one. */
  readonly onCommit: () => void
}

/** Runs `work` in a transaction of the write database. On a thrown error nothing of it was kept, except for UNKNOWN_OUTCOME. */
export const runWrite = async <T>(
  client: PoolClient,
  work: (sql: Sql) => Promise<T>,
  options: WriteTransactionOptions,
): Promise<Committed<T>> => {
  await simpleAll(
    client,
    `BEGIN; SET LOCAL statement_timeout = ${options.statementTimeoutMs};
     SET LOCAL idle_in_transaction_session_timeout = ${ABANDONED_AFTER_MS}`,
  )
  const value = await work(sqlOver(client))
  options.onCommit()
  return { value, token: await commit(client) }
}

export interface ReadTransactionOptions {
  readonly statementTimeoutMs: number
  /** Decides whether this server may serve the read; false ends the transaction without running it. */
  readonly accepts: (position: ReplayPosition) => boolean
}

export type ReadOutcome<T> =
  | { readonly kind: 'served'; readonly value: T; readonly position: ReplayPosition }
  | { readonly kind: 'rejected'; readonly position: ReplayPosition }

/**
 * Runs `work` in a READ ONLY transaction whose first statement asks where the server stands, in the same
 * round trip as BEGIN. READ COMMITTED on purpose: each statement's snapshot is newer than that position.
 */
export const runRead = async <T>(
  client: PoolClient,
  work: (sql: Sql) => Promise<T>,
  options: ReadTransactionOptions,
): Promise<ReadOutcome<T>> => {
  const results = await simpleAll(
    client,
    `BEGIN READ ONLY; SET LOCAL statement_timeout = ${options.statementTimeoutMs}; ${POSITION}`,
  )
  const row = results[2]?.rows[0] as PositionRow | undefined
  assert(row !== undefined, 'neuronha.replay_position() gave no row')
  const position: ReplayPosition = {
    inRecovery: row.in_recovery,
    lsn: row.lsn,
    timeline: Number(row.timeline),
    lagMs: row.lag_ms,
  }
  if (!options.accepts(position)) {
    await client.query('ROLLBACK')
    return { kind: 'rejected', position }
  }
  const value = await work(sqlOver(client))
  await client.query('COMMIT')
  return { kind: 'served', value, position }
}
