/**
 * Looks at the cluster for as long as the controller lives: every interval while active, seldom as a standby, and at
 * once when somebody asks for something fresher than there is. Never two looks at a time.
 */
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import type { Logger } from '@neuronha/runtime/logger.ts'
import type { Observer } from '../observe/create-observer.ts'

export interface Observation {
  readonly status: ClusterStatus
  /** Monotonic time at which the look began, milliseconds. */
  readonly startedAt: number
  readonly durationMs: number
}

export interface ObservationLoopOptions {
  readonly observer: Pick<Observer, 'observe'>
  readonly intervalMs: number
  readonly standbyIntervalMs: number
  readonly isActive: () => boolean
  /** Looks of our own accord are rare meanwhile; whoever asks for a fresh one gets it. */
  readonly isBusy: () => boolean
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>
  readonly now?: () => number
}

/** Rest after a look that took longer than the interval; also how early a look may be due. */
const BREATH_MS = 100
/** The active one's interval while the primary is replaced. Without a look for longer nobody would know of an outage. */
const BUSY_INTERVAL_MS = 5000

export class ObservationLoop {
  readonly #options: ObservationLoopOptions
  readonly #now: () => number
  #latest: Observation | undefined
  #running: Promise<Observation> | undefined
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: ObservationLoopOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
  }

  start(): void {
    void this.#tick()
  }

  /** The last look, however old. */
  latest(): Observation | undefined {
    return this.#latest
  }

  ageMs(): number | null {
    return this.#latest === undefined ? null : this.#now() - this.#latest.startedAt
  }

  /** A look that began at most `maxAgeMs` ago: the last one, or a new one. */
  async fresh(maxAgeMs: number): Promise<Observation> {
    const latest = this.#latest
    if (latest !== undefined && this.#now() - latest.startedAt <= maxAgeMs) return latest
    return this.#look()
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#running?.catch(() => undefined)
  }

  #look(): Promise<Observation> {
    this.#running ??= this.#observe().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #observe(): Promise<Observation> {
    const startedAt = this.#now()
    const status = await this.#options.observer.observe()
    const observation = { status, startedAt, durationMs: this.#now() - startedAt }
    this.#logChange(this.#latest?.status, status)
    this.#latest = observation
    return observation
  }

  /** Ticks at the active pace, so that a standby which becomes active does not sleep through its old interval. */
  async #tick(): Promise<void> {
    const { intervalMs, standbyIntervalMs, isActive, isBusy, logger } = this.#options
    const tickedAt = this.#now()
    const everyMs = isActive() ? intervalMs : standbyIntervalMs
    const dueAfterMs = isBusy() ? Math.max(everyMs, BUSY_INTERVAL_MS) : everyMs
    const sinceMs = this.ageMs()
    if (sinceMs === null || sinceMs >= dueAfterMs - BREATH_MS)
      await this.#look().catch((thrown: unknown) =>
        logger.error({ err: thrown }, 'looking at the cluster failed'),
      )
    if (this.#closed) return
    const restMs = Math.max(BREATH_MS, intervalMs - (this.#now() - tickedAt))
    this.#timer = setTimeout(() => void this.#tick(), restMs)
  }

  /** One line when the verdict changes; the active controller's log is the cluster's diary. */
  #logChange(before: ClusterStatus | undefined, after: ClusterStatus): void {
    if (!this.#options.isActive()) return
    if (before?.health === after.health && gist(before) === gist(after)) return
    const words = { health: after.health, reasons: after.reasons }
    if (after.health === 'healthy') this.#options.logger.info(words, 'the cluster is healthy')
    else this.#options.logger.warn(words, `the cluster is ${after.health}`)
  }
}

/** The reasons without what stands in brackets: how a dead part fails to answer changes from look to look. */
const gist = ({ reasons }: ClusterStatus): string =>
  reasons.map((reason) => reason.replace(/\([^)]*\)/g, '')).join('\n')
