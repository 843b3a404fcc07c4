/**
 * Idempotency-Key, as the IETF draft means it: same key and same body → the stored answer; same key, other
 * body → 422; still being worked on → 409. The record commits in the transaction of its effect, so a lost
 * answer to COMMIT is resolved by looking for the record, never by guessing.
 *
 * A short request claims, acts and finishes in one transaction (`runIdempotent`). A long one (a model is
 * asked) claims together with what must not be lost, works without a connection while it renews its lease,
 * and finishes together with the result. When its replica dies, the lease runs out and a retry with the same
 * key takes the record over: it learns the `subject` that the first one made and goes on from there. A
 * frozen worker that wakes finds another owner in the record and must give up.
 */
import { createHash } from 'node:crypto'
import { HEADERS } from '@neuronha/core/contracts/http-names.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import type { FastifyRequest } from 'fastify'
import { newId } from './clock.ts'
import type { Logger } from './logger.ts'
import type { Database } from './postgres/database.ts'
import type { Sql } from './postgres/sql.ts'
import type { WriteToken } from './write-token.ts'

/** What a service's first migration must contain, inside its own schema (search_path is set). */
export const IDEMPOTENCY_TABLE_SQL = `CREATE TABLE idempotency_records (
  caller text NOT NULL,
  route text NOT NULL,
  key text NOT NULL,
  request_hash bytea NOT NULL,
  subject uuid NOT NULL,
  owner uuid,
  lease_until timestamptz,
  status int,
  body text,
  replays int NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (caller, route, key)
);
CREATE INDEX idempotency_records_expires_at ON idempotency_records (expires_at);`

export interface IdempotentRequest {
  /** Who asks: keys of two callers never meet. */
  readonly caller: string
  /** Method and route template. */
  readonly route: string
  readonly key: string
  readonly hash: Buffer
  /** Id of what this request creates, unless an earlier try has created it already. */
  readonly subject: string
  /** This very try; the fencing token of the record. */
  readonly owner: string
}

export interface StoredAnswer<T = unknown> {
  readonly status: number
  readonly body: T
}

export type Claim<T = unknown> =
  | { readonly kind: 'mine'; readonly subject: string; readonly isTakeover: boolean }
  | { readonly kind: 'done'; readonly answer: StoredAnswer<T> }
  | { readonly kind: 'in-flight' }

const KEY_LIFE = "interval '24 hours'"
const KEY = /^[\x21-\x7e]{1,255}$/

const givenKey = (request: FastifyRequest): string | undefined => {
  const header = request.headers[HEADERS.idempotencyKey]
  if (header === undefined) return undefined
  const key = typeof header === 'string' ? header.replace(/^"(.*)"$/, '$1') : ''
  if (KEY.test(key)) return key
  throw new PlatformError('BAD_REQUEST', 'Idempotency-Key must be 1 to 255 visible characters')
}

/**
 * The request's identity: caller, route and key, and a hash of what it asks for. A request without the
 * header gets a key of its own, so that this service's own tries still recognise each other.
 */
export const idempotentRequest = (request: FastifyRequest, caller: string): IdempotentRequest => {
  const content = JSON.stringify([
    request.method,
    request.url.split('?')[0],
    request.headers['if-match'] ?? null,
    request.body ?? null,
  ])
  return {
    caller,
    route: `${request.method} ${request.routeOptions.url ?? ''}`,
    key: givenKey(request) ?? `auto:${newId()}`,
    hash: createHash('sha256').update(content).digest(),
    subject: newId(),
    owner: newId(),
  }
}

interface ClaimedRow {
  readonly subject: string
  readonly is_new: boolean
}

interface RecordRow {
  readonly request_hash: Buffer
  readonly status: number | null
  readonly body: string | null
}

export interface IdempotencyRecords {
  /** Inside the transaction of the effect. Throws IDEMPOTENCY_MISMATCH. */
  claim<T>(sql: Sql, request: IdempotentRequest, leaseMs: number): Promise<Claim<T>>
  /** Inside the transaction of the result. False when the record is no longer this try's: keep nothing, claim again. */
  finish(sql: Sql, request: IdempotentRequest, answer: StoredAnswer): Promise<boolean>
  /** Keeps a long request's claim. False when another try has taken it over. */
  renew(sql: Sql, request: IdempotentRequest, leaseMs: number): Promise<boolean>
  /** Gives the claim up, so that a retry need not wait for the lease. */
  abandon(sql: Sql, request: IdempotentRequest): Promise<void>
  /** Deletes a bounded number of expired records; how many. */
  deleteExpired(sql: Sql): Promise<number>
}

/** 409 for a request whose first try is at work. */
export const requestInFlight = (): PlatformError =>
  new PlatformError('IDEMPOTENCY_IN_FLIGHT', 'This request is still being worked on', {
    details: { retryAfterSeconds: 1 },
  })

/** A row that is new, has expired, or was left behind by a try whose lease ran out becomes this try's. */
const claimSql = (table: string): string => `
  INSERT INTO ${table} AS r (caller, route, key, request_hash, subject, owner, lease_until, expires_at)
  VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp() + $7 * interval '1 ms', now() + ${KEY_LIFE})
  ON CONFLICT (caller, route, key) DO UPDATE SET
    request_hash = excluded.request_hash,
    subject = CASE WHEN r.expires_at < now() THEN excluded.subject ELSE r.subject END,
    owner = excluded.owner, lease_until = excluded.lease_until,
    status = NULL, body = NULL, created_at = now(), expires_at = excluded.expires_at
  WHERE r.expires_at < now()
     OR (r.request_hash = excluded.request_hash AND r.status IS NULL
         AND r.lease_until < clock_timestamp())
  RETURNING subject, (subject = $5) AS is_new`

const lookSql = (table: string): string => `
  SELECT request_hash, status, body FROM ${table} WHERE caller = $1 AND route = $2 AND key = $3`

/**
 * Counting the replay is not decoration: this transaction then has WAL of its own, so that its COMMIT waits
 * for a standby, and an answer whose first commit was never confirmed is not handed out before it is safe.
 */
const replaySql = (table: string): string => `
  UPDATE ${table} SET replays = replays + 1 WHERE caller = $1 AND route = $2 AND key = $3`

/** The records of one service; `schema` is the service's own. */
export const createIdempotencyRecords = (schema: string): IdempotencyRecords => {
  const table = `${schema}.idempotency_records`
  const claimText = claimSql(table)
  const lookText = lookSql(table)
  const replayText = replaySql(table)
  const identity = ({ caller, route, key }: IdempotentRequest): string[] => [caller, route, key]
  return {
    claim: async <T>(sql: Sql, request: IdempotentRequest, leaseMs: number): Promise<Claim<T>> => {
      const { hash, subject, owner } = request
      const values = [...identity(request), hash, subject, owner, leaseMs]
      const mine = await sql.maybeOne<ClaimedRow>(claimText, values)
      if (mine !== undefined) {
        return { kind: 'mine', subject: mine.subject, isTakeover: !mine.is_new }
      }
      const row = await sql.one<RecordRow>(lookText, identity(request))
      if (!row.request_hash.equals(hash)) {
        throw new PlatformError('IDEMPOTENCY_MISMATCH', 'The key was used with another request')
      }
      if (row.status === null) return { kind: 'in-flight' }
      await sql.run(replayText, identity(request))
      const body = (row.body === null ? null : JSON.parse(row.body)) as T
      return { kind: 'done', answer: { status: row.status, body } }
    },
    finish: async (sql, request, { status, body }) => {
      const changed = await sql.run(
        `UPDATE ${table} SET status = $5, body = $6, owner = NULL, lease_until = NULL
         WHERE caller = $1 AND route = $2 AND key = $3 AND owner = $4`,
        [...identity(request), request.owner, status, body == null ? null : JSON.stringify(body)],
      )
      return changed === 1
    },
    renew: async (sql, request, leaseMs) => {
      const changed = await sql.run(
        `UPDATE ${table} SET lease_until = clock_timestamp() + $5 * interval '1 ms'
         WHERE caller = $1 AND route = $2 AND key = $3 AND owner = $4`,
        [...identity(request), request.owner, leaseMs],
      )
      return changed === 1
    },
    abandon: async (sql, request) => {
      await sql.run(
        `UPDATE ${table} SET lease_until = '-infinity'
         WHERE caller = $1 AND route = $2 AND key = $3 AND owner = $4`,
        [...identity(request), request.owner],
      )
    },
    deleteExpired: (sql) =>
      sql.run(
        `DELETE FROM ${table} WHERE (caller, route, key) IN (
           SELECT caller, route, key FROM ${table} WHERE expires_at < now()
           LIMIT 1000 FOR UPDATE SKIP LOCKED)`,
      ),
  }
}

export interface IdempotentResult<T> {
  readonly answer: StoredAnswer<T>
  readonly token: WriteToken
  readonly isReplay: boolean
}

const OUTCOME_TRIES = 4

/**
 * Runs a transaction again when nobody knows whether it committed. Only for work that begins with a claim:
 * a second run then finds the record of the first, or knows that there was none.
 */
export const resolvingUnknown = async <T>(attempt: () => Promise<T>): Promise<T> => {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt()
    } catch (thrown) {
      const isUnknown = thrown instanceof PlatformError && thrown.code === 'UNKNOWN_OUTCOME'
      if (!isUnknown || tries >= OUTCOME_TRIES) throw thrown
    }
  }
}

export interface RunIdempotentOptions<T> {
  readonly database: Database
  readonly records: IdempotencyRecords
  readonly request: IdempotentRequest
  /** The effect, given the id to use for what it creates. Its answer is stored with it. */
  readonly work: (sql: Sql, subject: string) => Promise<StoredAnswer<T>>
  readonly signal?: AbortSignal
}

/** Effect, record and answer in one transaction; a repeated request gets the stored answer. */
export const runIdempotent = async <T>({
  database,
  records,
  request,
  work,
  signal,
}: RunIdempotentOptions<T>): Promise<IdempotentResult<T>> => {
  const { value, token } = await resolvingUnknown(() =>
    database.write(
      async (sql) => {
        const claim = await records.claim<T>(sql, request, 0)
        if (claim.kind === 'done') return { answer: claim.answer, isReplay: true }
        if (claim.kind === 'in-flight') throw requestInFlight()
        const answer = await work(sql, claim.subject)
        if (!(await records.finish(sql, request, answer))) throw requestInFlight()
        return { answer, isReplay: false }
      },
      signal === undefined ? {} : { signal },
    ),
  )
  return { ...value, token }
}

/** Deletes expired records now and then, from any replica; `close()` ends it. */
export const startIdempotencyCleanup = (options: {
  readonly database: Database
  readonly records: IdempotencyRecords
  readonly logger: Logger
  /** Default ten minutes. */
  readonly intervalMs?: number
}): { close(): void } => {
  const clean = (): void => {
    options.database
      .write((sql) => options.records.deleteExpired(sql), { deadlineMs: 5000 })
      .catch((thrown: unknown) => options.logger.debug({ err: thrown }, 'cleaning up later'))
  }
  const timer = setInterval(clean, options.intervalMs ?? 600_000)
  timer.unref()
  return { close: () => clearInterval(timer) }
}
