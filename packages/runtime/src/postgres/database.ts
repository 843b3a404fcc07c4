/**
 * The database as services see it: `write` and `read`, each one transaction, over whichever pooler works.
 *
 * A transaction that failed before its COMMIT was sent is run again by itself, elsewhere if need be, until
 * the deadline: `work` may therefore run several times and must have no effect but its SQL. A connection
 * lost *at* COMMIT is never guessed about: UNKNOWN_OUTCOME, which the idempotency record resolves.
 */
import type { PoolerAccess } from '@neuronha/core/config/common.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { backoffMs, sleep } from '../clock.ts'
import type { CheckResult } from '../health.ts'
import type { Logger } from '../logger.ts'
import type { Metrics } from '../metrics.ts'
import type { TlsFiles } from '../tls.ts'
import type { WriteToken } from '../write-token.ts'
import { createDatabaseMetrics, type DatabaseMetrics } from './database-metrics.ts'
import { Deadline } from './deadline.ts'
import { isCurrentPrimary, isFreshEnough } from './freshness.ts'
import { OutageGate } from './outage-gate.ts'
import { PoolerPool, type Lease } from './pooler-pool.ts'
import { pickPool } from './pick-pool.ts'
import type { Sql } from './sql.ts'
import { classifyFailure, saysPrimaryIsAway, toDatabaseError } from './sqlstate.ts'
import { runRead, runWrite, type Committed, type ReadOutcome } from './transaction.ts'

export interface WriteOptions {
  /**
   * The caller went away: stop waiting for a connection, since nobody waits for the result; on an overloaded machine that is
   * most of the work. A transaction that has got its connection goes on: cutting it would cost a login.
   */
  readonly signal?: AbortSignal
  /** All tries together; default 15 s, so that a failover fits. */
  readonly deadlineMs?: number
  /** false: one try only. */
  readonly retry?: boolean
}

export interface ReadOptions {
  /** The caller's last write: a standby that has not replayed it does not serve this read. */
  readonly after?: WriteToken | undefined
  readonly signal?: AbortSignal
  /** All tries together; default 10 s. */
  readonly deadlineMs?: number
}

export type ReadSource = 'primary' | 'standby'

export interface ReadResult<T> {
  readonly value: T
  readonly readFrom: ReadSource
}

export interface Database {
  write<T>(work: (sql: Sql) => Promise<T>, options?: WriteOptions): Promise<Committed<T>>
  read<T>(work: (sql: Sql) => Promise<T>, options?: ReadOptions): Promise<ReadResult<T>>
  /** For readiness: is any pooler usable? A primary that is away does not make a replica unready. */
  check(): CheckResult
  close(): Promise<void>
}

export interface DatabaseOptions {
  readonly access: PoolerAccess
  /** Absent only in tests. */
  readonly tls?: TlsFiles | undefined
  readonly replica: string
  readonly logger: Logger
  readonly metrics: Metrics
}

/** A dead pooler refuses at once and a frozen one is found by its silence; this is for what is left. */
const CONNECT_TIMEOUT_MS = 3000
const STATEMENT_TIMEOUT_MS = 10_000
/** How long a standby may take to say where it stands, before the read goes to the primary. */
const STANDBY_ANSWER_MS = 1000
/** How long the read database is left alone after it failed. */
const READ_PAUSE_MS = 300
const WRITE_DEADLINE_MS = 15_000
const READ_DEADLINE_MS = 10_000
/** What a COMMIT gets at least, however late it was sent: cutting it off makes its outcome unknown. */
const COMMIT_GRACE_MS = 5000

const unavailable = (message: string, cause?: unknown): PlatformError =>
  new PlatformError('DATABASE_UNAVAILABLE', message, { cause })

/** Runs `use` on a leased connection; closes the connection when the deadline passes or it failed. */
const onLease = async <T>(
  pool: PoolerPool,
  signal: AbortSignal,
  use: (lease: Lease) => Promise<T>,
): Promise<T> => {
  const lease = await pool.lease(signal)
  const cut = (): void => void lease.client.end().catch(() => undefined)
  signal.addEventListener('abort', cut, { once: true })
  let broken = true
  try {
    if (signal.aborted) throw unavailable('The time for this is over')
    const value = await use(lease)
    broken = false
    return value
  } catch (thrown) {
    const failure = classifyFailure(thrown)
    if (failure === 'stale') pool.reset()
    if ((failure === 'definite' && !isUnknownOutcome(thrown)) || failure === 'contention') {
      broken = await lease.client.query('ROLLBACK').then(
        () => false,
        () => true,
      )
    }
    throw thrown
  } finally {
    signal.removeEventListener('abort', cut)
    lease.release(broken || signal.aborted)
  }
}

const isUnknownOutcome = (thrown: unknown): boolean =>
  thrown instanceof PlatformError && thrown.code === 'UNKNOWN_OUTCOME'

class PooledDatabase implements Database {
  readonly #writePools: readonly PoolerPool[]
  readonly #readPools: readonly PoolerPool[]
  readonly #gate = new OutageGate()
  readonly #metrics: DatabaseMetrics
  readonly #maxReadLagMs: number
  readonly #logger: Logger
  /** Until then reads go straight to the primary, because the read database failed just now. */
  #readsNearbyFrom = 0

  constructor({ access, tls, replica, logger, metrics }: DatabaseOptions) {
    const pools = (database: string): readonly PoolerPool[] =>
      access.poolers.map(
        (endpoint) =>
          new PoolerPool({
            endpoint,
            login: { user: access.user, password: access.password, database },
            tls,
            applicationName: replica,
            connectTimeoutMs: CONNECT_TIMEOUT_MS,
            size: access.poolSize,
            logger,
          }),
      )
    this.#writePools = pools(access.writeDatabase)
    this.#readPools = pools(access.readDatabase)
    this.#maxReadLagMs = access.maxReadLagMs
    this.#logger = logger
    this.#metrics = createDatabaseMetrics(metrics, {
      write: this.#writePools,
      read: this.#readPools,
    })
  }

  async write<T>(
    work: (sql: Sql) => Promise<T>,
    { signal, deadlineMs = WRITE_DEADLINE_MS, retry = true }: WriteOptions = {},
  ): Promise<Committed<T>> {
    const deadline = new Deadline(deadlineMs, signal)
    try {
      const committed = await this.#untilDeadline(deadline, retry, () =>
        this.#onPrimary(deadline.signal, ({ client }) => {
          deadline.detach()
          return runWrite(client, work, {
            statementTimeoutMs: STATEMENT_TIMEOUT_MS,
            onCommit: () => deadline.extend(COMMIT_GRACE_MS),
          })
        }),
      )
      this.#metrics.writes.inc({ outcome: 'committed' })
      return committed
    } catch (thrown) {
      this.#metrics.writes.inc({ outcome: isUnknownOutcome(thrown) ? 'unknown' : 'failed' })
      throw toDatabaseError(thrown)
    } finally {
      deadline.stop()
    }
  }

  async read<T>(
    work: (sql: Sql) => Promise<T>,
    { after, signal, deadlineMs = READ_DEADLINE_MS }: ReadOptions = {},
  ): Promise<ReadResult<T>> {
    const deadline = new Deadline(deadlineMs, signal)
    try {
      const fromStandby = await this.#readNearby(work, after, deadline.signal)
      const outcome =
        fromStandby ??
        (await this.#untilDeadline(deadline, true, () =>
          this.#readOnPrimary(work, after, deadline.signal),
        ))
      const readFrom = outcome.position.inRecovery ? 'standby' : 'primary'
      this.#metrics.reads.inc({ source: readFrom })
      return { value: outcome.value, readFrom }
    } catch (thrown) {
      throw toDatabaseError(thrown)
    } finally {
      deadline.stop()
    }
  }

  check(): CheckResult {
    // A pooler that lets nobody log in while the primary is away is alive all the same.
    for (const pool of this.#writePools) if (!pool.isTrusted) pool.lookForLife()
    const usable = this.#writePools.filter((pool) => pool.isTrusted || pool.answeredLately)
    const names = usable.map(({ endpoint }) => endpoint.name).join(', ')
    return usable.length > 0
      ? { ok: true, detail: `poolers: ${names}` }
      : { ok: false, detail: 'no pooler can be reached' }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#writePools, ...this.#readPools].map((pool) => pool.close()))
  }

  /** The read database, once; undefined when it is too old, silent or away, which is no reason to fail. */
  async #readNearby<T>(
    work: (sql: Sql) => Promise<T>,
    after: WriteToken | undefined,
    signal: AbortSignal,
  ): Promise<Served<T> | undefined> {
    if (performance.now() < this.#readsNearbyFrom) return undefined
    const patience = new Deadline(STANDBY_ANSWER_MS, signal)
    try {
      const outcome = await this.#onPool(this.#readPools, patience.signal, ({ client }) =>
        runRead(client, work, {
          statementTimeoutMs: STATEMENT_TIMEOUT_MS,
          accepts: (position) => {
            patience.extend(STATEMENT_TIMEOUT_MS)
            this.#metrics.sawPosition(position)
            return isFreshEnough(position, this.#maxReadLagMs, after)
          },
        }),
      )
      if (outcome.kind === 'served') return outcome
      this.#metrics.movedReads.inc({ reason: 'too-old' })
      return undefined
    } catch (thrown) {
      if (classifyFailure(thrown) === 'definite' || signal.aborted) throw thrown
      this.#readsNearbyFrom = performance.now() + READ_PAUSE_MS
      this.#metrics.movedReads.inc({ reason: 'failed' })
      this.#logger.debug({ err: thrown }, 'the read database failed; reading from the primary')
      return undefined
    } finally {
      patience.stop()
    }
  }

  async #readOnPrimary<T>(
    work: (sql: Sql) => Promise<T>,
    after: WriteToken | undefined,
    signal: AbortSignal,
  ): Promise<Served<T>> {
    const outcome = await this.#onPrimary(signal, ({ client }) =>
      runRead(client, work, {
        statementTimeoutMs: STATEMENT_TIMEOUT_MS,
        accepts: (position) => isCurrentPrimary(position, after),
      }),
    )
    if (outcome.kind === 'served') return outcome
    throw unavailable('The server that answered is not the current primary')
  }

  /** On the write database, behind the gate that keeps an outage from becoming a stampede. */
  async #onPrimary<T>(signal: AbortSignal, use: (lease: Lease) => Promise<T>): Promise<T> {
    const pass = await this.#gate.pass(signal)
    try {
      const value = await this.#onPool(this.#writePools, signal, use)
      this.#gate.report(pass, 'up')
      return value
    } catch (thrown) {
      const isAnswer = classifyFailure(thrown) === 'definite' && !isUnknownOutcome(thrown)
      const verdict = isAnswer ? 'up' : 'unknown'
      this.#gate.report(pass, saysPrimaryIsAway(thrown) ? 'away' : verdict)
      throw thrown
    }
  }

  #onPool<T>(
    pools: readonly PoolerPool[],
    signal: AbortSignal,
    use: (lease: Lease) => Promise<T>,
  ): Promise<T> {
    const pool = pickPool(pools)
    if (pool === undefined) return Promise.reject(unavailable('No pooler can be reached'))
    const startedAt = performance.now()
    return onLease(pool, signal, (lease) => {
      this.#metrics.waits.observe((performance.now() - startedAt) / 1000)
      return use(lease)
    })
  }

  async #untilDeadline<T>(
    deadline: Deadline,
    retry: boolean,
    attempt: () => Promise<T>,
  ): Promise<T> {
    for (let tries = 0; ; tries += 1) {
      try {
        return await attempt()
      } catch (thrown) {
        const isOver = deadline.signal.aborted || !retry
        if (isOver || classifyFailure(thrown) === 'definite') throw thrown
        this.#metrics.retries.inc()
        this.#logger.debug({ err: thrown, tries }, 'transaction failed before COMMIT; once more')
      }
      await sleep(backoffMs(tries, 40, 400), deadline.signal).catch(() => {
        throw unavailable('The database did not answer in time')
      })
    }
  }
}

type Served<T> = Extract<ReadOutcome<T>, { kind: 'served' }>

/** The database behind the poolers. Opens no connection until it is used. */
export const createDatabase = (options: DatabaseOptions): Database => new PooledDatabase(options)
