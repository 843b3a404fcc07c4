/**
 * Moves events from etcd to PostgreSQL; runs in the active controller. It may die at any point: events leave etcd only
 * after PostgreSQL has confirmed them, and archiving one again is harmless. While there is no primary they gather
 * in etcd, up to a bound; then the least important are given up, which is an event itself.
 */
import type { PlatformEvent } from '@neuronha/core/contracts/coordination.ts'
import { EVENT_RETENTION_DAYS } from '@neuronha/core/contracts/events.ts'
import { toPlatformError } from '@neuronha/core/errors.ts'
import { backoffMs } from '@neuronha/runtime/clock.ts'
import type { Logger } from '@neuronha/runtime/logger.ts'
import { chooseToDrop, countKinds, describeDropped } from './drop-order.ts'
import type { ArchiveWriter } from './event-archive.ts'
import type { EventLog } from './event-log.ts'
import { EVENTS_PAGE, type EventStore } from './event-store.ts'

export interface ArchiverOptions {
  readonly store: EventStore
  readonly archive: ArchiveWriter
  readonly log: Pick<EventLog, 'record'>
  readonly isActive: () => boolean
  readonly logger: Pick<Logger, 'info' | 'warn'>
  /** Told of every event once, as soon as it is in etcd. */
  readonly onEvent: (event: PlatformEvent) => void
  /** How many events may wait in etcd (default 5000). */
  readonly capacity?: number
  /** Monotonic clock, milliseconds. */
  readonly now?: () => number
}

const CAPACITY = 5000
const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 5000
const FORGET_EVERY_MS = 3_600_000
/** After a start, a failure, or a portion that may not have been the last. */
const FORGET_AGAIN_MS = 60_000

export class Archiver {
  readonly #options: ArchiverOptions
  readonly #capacity: number
  readonly #now: () => number
  /** Ids of events in etcd that `onEvent` was told of. */
  readonly #seen = new Set<string>()
  #waiting = 0
  #failures = 0
  #retryAt = 0
  #forgetAt: number
  #lastWords = ''

  constructor(options: ArchiverOptions) {
    this.#options = options
    this.#capacity = options.capacity ?? CAPACITY
    this.#now = options.now ?? (() => performance.now())
    this.#forgetAt = this.#now() + FORGET_AGAIN_MS
  }

  /** Events in etcd at the last look. */
  waiting(): number {
    return this.#waiting
  }

  /** One turn; to be called again and again. Never throws. */
  async turn(): Promise<void> {
    if (!this.#options.isActive()) {
      this.#seen.clear()
      return
    }
    try {
      await this.#moveAll()
      await this.#forget()
    } catch (thrown) {
      this.#warnOnce(thrown)
    }
    if (this.#waiting <= this.#capacity) return
    await this.#trim(this.#waiting).catch((thrown: unknown) => this.#warnOnce(thrown))
  }

  async #moveAll(): Promise<void> {
    const { store, isActive } = this.#options
    for (;;) {
      const { events, total } = await store.page({ limit: EVENTS_PAGE })
      this.#waiting = total
      await this.#announce(events, total)
      if (events.length === 0 || this.#now() < this.#retryAt || !isActive()) return
      await this.#append(events)
      await this.#remove(events)
      if (this.#waiting <= 0) return
    }
  }

  async #append(events: readonly PlatformEvent[]): Promise<void> {
    try {
      await this.#options.archive.append(events)
      this.#failures = 0
      this.#lastWords = ''
    } catch (thrown) {
      this.#retryAt = this.#now() + backoffMs(this.#failures, FIRST_PAUSE_MS, LONGEST_PAUSE_MS)
      this.#failures += 1
      throw thrown
    }
  }

  async #remove(events: readonly Pick<PlatformEvent, 'id'>[]): Promise<void> {
    const ids = events.map(({ id }) => id)
    await this.#options.store.remove(ids)
    for (const id of ids) this.#seen.delete(id)
    this.#waiting -= ids.length
  }

  /** Tells of the new ones: among the oldest, and when there are many, among the newest. */
  async #announce(oldest: readonly PlatformEvent[], total: number): Promise<void> {
    const newest =
      total > oldest.length
        ? (
            await this.#options.store.page({ limit: EVENTS_PAGE, descending: true })
          ).events.toReversed()
        : []
    for (const event of [...oldest, ...newest]) {
      if (this.#seen.has(event.id)) continue
      this.#seen.add(event.id)
      this.#options.onEvent(event)
    }
  }

  /** Brings the number well below the bound, so that this is rare. */
  async #trim(total: number): Promise<void> {
    const { store, log } = this.#options
    const all: Pick<PlatformEvent, 'id' | 'kind' | 'severity' | 'at'>[] = []
    for (;;) {
      const after = all.at(-1)?.id
      // The id itself plus the lowest character: everything behind it.
      const from = after === undefined ? {} : { from: `${after}\0` }
      const { events } = await store.page({ limit: EVENTS_PAGE, ...from })
      all.push(...events.map(({ id, kind, severity, at }) => ({ id, kind, severity, at })))
      if (events.length < EVENTS_PAGE) break
    }
    const gone = chooseToDrop(all, total - Math.floor(this.#capacity * 0.9))
    const [first] = gone
    if (first === undefined) return
    const kinds = countKinds(gone)
    log.record({
      kind: 'events.dropped',
      severity: 'warning',
      summary: `${describeDropped(kinds)}: over ${this.#capacity} waited in etcd for a primary`,
      evidence: { kinds, first: first.at, last: gone.at(-1)?.at ?? first.at },
    })
    await this.#remove(gone)
  }

  async #forget(): Promise<void> {
    if (this.#now() < this.#forgetAt) return
    this.#forgetAt = this.#now() + FORGET_AGAIN_MS
    const gone = await this.#options.archive.forgetOld()
    if (gone === 0) this.#forgetAt = this.#now() + FORGET_EVERY_MS
    else
      this.#options.logger.info(
        { events: gone },
        `events older than ${EVENT_RETENTION_DAYS} days are gone`,
      )
  }

  /** A primary that stays away is one line, not one per turn. */
  #warnOnce(thrown: unknown): void {
    const { message } = toPlatformError(thrown)
    if (message === this.#lastWords) return
    this.#lastWords = message
    this.#options.logger.warn({ err: thrown }, 'events wait in etcd')
  }
}
