/**
 * The connections to one database of one pooler, and the judgement whether that pooler can be used.
 *
 * closed    normal.
 * open      connecting failed three times in a row; half a second later one caller may try (half-open).
 * isolated  the process behind the port is silent while callers wait: every socket is closed, so that
 *           callers move to the other pooler, and a probe asks twice a second until it answers.
 */
import {
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  handleWhen,
  type CircuitBreakerPolicy,
} from 'cockatiel'
import { PlatformError } from '@neuronha/core/errors.ts'
import { Pool, type PoolClient } from 'pg'
import type { Logger } from '../logger.ts'
import { clientConfig, type ConnectionOptions, type Endpoint } from './endpoint.ts'
import { answersSslRequest } from './liveness.ts'
import { Slots } from './slots.ts'
import { unlessAborted } from '../unless-aborted.ts'

const HALF_OPEN_AFTER_MS = 500
const WATCH_INTERVAL_MS = 500
/** A caller that waits longer than this makes the pooler be asked for a sign of life. */
const SUSPICIOUS_WAIT_MS = 750
const PROBE_TIMEOUT_MS = 750
const SILENT_PROBES = 2
const SIGN_OF_LIFE_MS = 5000
/** Dropping the whole pool more often than this would only add logins. */
const RESET_INTERVAL_MS = 500

export interface PoolerPoolOptions extends ConnectionOptions {
  readonly size: number
  readonly logger: Logger
}

export interface Lease {
  readonly client: PoolClient
  /** Must be called once; `broken` closes the connection instead of keeping it. */
  release(broken: boolean): void
}

const noConnectionInTime = (): PlatformError =>
  new PlatformError('DATABASE_UNAVAILABLE', 'No connection came in time')

export class PoolerPool {
  readonly endpoint: Endpoint
  readonly slots: Slots
  readonly #options: PoolerPoolOptions
  readonly #breaker: CircuitBreakerPolicy
  readonly #leased = new Map<PoolClient, number>()
  /** When each connection attempt began that is still under way. */
  readonly #connecting = new Set<{ readonly since: number }>()
  /** Aborts what waits for this pooler when it is found to be silent. */
  #silence = new AbortController()
  #pool: Pool
  #watch: NodeJS.Timeout | undefined
  #silentProbes = 0
  #probing = false
  #answeredAt = -Infinity
  #lastResetAt = 0
  #closed = false

  constructor(options: PoolerPoolOptions) {
    this.endpoint = options.endpoint
    this.slots = new Slots(options.size)
    this.#options = options
    // A caller whose own time was over (a PlatformError) says nothing about the pooler.
    const isFailure = (thrown: Error): boolean => !(thrown instanceof PlatformError)
    this.#breaker = circuitBreaker(handleWhen(isFailure), {
      halfOpenAfter: HALF_OPEN_AFTER_MS,
      breaker: new ConsecutiveBreaker(3),
    })
    this.#pool = this.#openPool()
  }

  get state(): CircuitState {
    return this.#breaker.state
  }

  /** May callers be sent here? An open breaker counts: the caller after its pause is the one that tries. */
  get isUsable(): boolean {
    return this.state !== CircuitState.Isolated
  }

  /** Callers go to a pooler without doubts first. */
  get isTrusted(): boolean {
    return this.state === CircuitState.Closed
  }

  /** Did the process behind the port give a sign of life in the last seconds? */
  get answeredLately(): boolean {
    return performance.now() - this.#answeredAt < SIGN_OF_LIFE_MS
  }

  /** Asks for a sign of life; `answeredLately` tells the result. */
  lookForLife(): void {
    if (!this.#probing && !this.#closed) void this.#probe()
  }

  get connections(): { readonly busy: number; readonly idle: number } {
    return { busy: this.#leased.size, idle: this.#pool.idleCount }
  }

  /** A connection of the caller's own. Rejects when the pooler cannot be reached, or `signal` aborts. */
  async lease(signal: AbortSignal): Promise<Lease> {
    await this.slots.acquire(signal)
    const pool = this.#pool
    this.#startWatch()
    let client: PoolClient
    try {
      client = await this.#breaker.execute(() => this.#connect(pool, signal))
    } catch (thrown) {
      this.slots.release()
      throw thrown
    }
    this.#leased.set(client, performance.now())
    return {
      client,
      release: (broken) => {
        this.#leased.delete(client)
        // A pool that was replaced in the meantime must not keep connections.
        client.release(broken || pool !== this.#pool)
        this.slots.release()
      },
    }
  }

  /** Forgets every connection that is not in use: they may lead to a server that is no longer the primary. */
  reset(): void {
    const now = performance.now()
    if (this.#closed || now - this.#lastResetAt < RESET_INTERVAL_MS) return
    this.#lastResetAt = now
    const old = this.#pool
    this.#pool = this.#openPool()
    void old.end().catch(() => undefined)
  }

  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#watch)
    this.slots.refuseWaiters('The process is shutting down')
    await this.#pool.end().catch(() => undefined)
  }

  /** A connection of `pool`, unless the caller's time or the pooler's ends first. */
  async #connect(pool: Pool, signal: AbortSignal): Promise<PoolClient> {
    if (pool.idleCount > 0) return pool.connect()
    const attempt = { since: performance.now() }
    this.#connecting.add(attempt)
    const silence = this.#silence.signal
    const given = pool.connect()
    try {
      return await unlessAborted(given, [signal, silence], noConnectionInTime)
    } catch (thrown) {
      // its login was paid for, and the next caller needs one
      const isUseless = (): boolean => silence.aborted || pool !== this.#pool
      void given.then(
        (late) => late.release(isUseless()),
        () => undefined,
      )
      throw thrown
    } finally {
      this.#connecting.delete(attempt)
    }
  }

  #openPool(): Pool {
    const pool = new Pool({
      ...clientConfig(this.#options),
      max: this.#options.size,
      idleTimeoutMillis: 60_000,
      allowExitOnIdle: true,
    })
    const quiet = (error: Error): void => {
      this.#options.logger.debug({ err: error, pooler: this.endpoint.name }, 'connection lost')
    }
    // An idle client reports its death to the pool, a leased one to itself; without listeners the process ends.
    pool.on('error', quiet)
    pool.on('connect', (client) => client.on('error', quiet))
    return pool
  }

  #startWatch(): void {
    if (this.#watch !== undefined || this.#closed) return
    this.#watch = setInterval(() => void this.#look(), WATCH_INTERVAL_MS)
    this.#watch.unref()
  }

  async #look(): Promise<void> {
    const waiting = [...this.#leased.values(), ...[...this.#connecting].map(({ since }) => since)]
    if (waiting.length === 0) {
      clearInterval(this.#watch)
      this.#watch = undefined
      this.#silentProbes = 0
      return
    }
    if (this.#probing || performance.now() - Math.min(...waiting) < SUSPICIOUS_WAIT_MS) return
    this.#silentProbes = (await this.#probe()) ? 0 : this.#silentProbes + 1
    if (this.#silentProbes >= SILENT_PROBES) {
      this.#silentProbes = 0
      this.#isolate()
    }
  }

  async #probe(): Promise<boolean> {
    this.#probing = true
    const { address, port } = this.endpoint
    const alive = await answersSslRequest(address, port, PROBE_TIMEOUT_MS)
    this.#probing = false
    if (alive) this.#answeredAt = performance.now()
    return alive
  }

  #isolate(): void {
    if (this.#closed || this.state === CircuitState.Isolated) return
    this.#options.logger.warn({ pooler: this.endpoint.name }, 'pooler is silent; not used for now')
    const isolation = this.#breaker.isolate()
    this.slots.refuseWaiters('The pooler is silent')
    this.#silence.abort()
    this.#silence = new AbortController()
    for (const client of this.#leased.keys()) void client.end().catch(() => undefined)
    this.#lastResetAt = 0
    this.reset()
    const recovery = setInterval(() => {
      void this.#probe().then((alive) => {
        if (!alive && !this.#closed) return
        clearInterval(recovery)
        if (this.#closed || this.state !== CircuitState.Isolated) return
        isolation.dispose()
        this.#options.logger.info({ pooler: this.endpoint.name }, 'pooler answers again')
      })
    }, WATCH_INTERVAL_MS)
    recovery.unref()
  }
}
