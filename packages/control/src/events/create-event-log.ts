/**
 * Writes events to etcd, in the order in which they were recorded, without anybody waiting for it: decisions
 * never wait for their own record, nor for PostgreSQL. While etcd is away they wait in memory; when that is full
 * the least important are given up, which is logged at once and becomes an event as soon as etcd is back.
 * Writing twice is harmless: the key is the event's id.
 */
import { randomInt } from 'node:crypto'
import {
  coordinationKeys,
  type NewEvent,
  type PlatformEvent,
} from '@neuronha/core/contracts/coordination.ts'
import { backoffMs, sleep } from '@neuronha/runtime/clock.ts'
import type { Logger } from '@neuronha/runtime/logger.ts'
import type { Kv } from '../etcd/kv.ts'
import { chooseToDrop, countKinds, describeDropped } from './drop-order.ts'
import { toStorable } from './event-codec.ts'
import { nextEventId, TAIL_STARTS } from './event-id.ts'
import type { EventLog } from './event-log.ts'

export interface EventLogOptions {
  readonly kv: Pick<Kv, 'transaction'>
  readonly cluster: string
  /** Who says so: a controller's container name, or `cli`. */
  readonly source: string
  /** On whose behalf, unless the event says otherwise. */
  readonly actor: string
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>
  /** How many events may wait for etcd (default 1000). */
  readonly capacity?: number
  /** Wall clock, milliseconds since 1970. */
  readonly now?: () => number
}

export interface RunningEventLog extends EventLog {
  /** How many events are not in etcd yet. */
  waiting(): number
  /** Stops writing; what is not written is lost with the process, so `flush` first. */
  close(): Promise<void>
}

const CAPACITY = 1000
/** Operations of one etcd transaction; 128 is etcd's limit. */
const BATCH = 32
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 5000

const LEVELS = { info: 'info', warning: 'warn', critical: 'error' } as const

interface Waiting {
  readonly number: number
  readonly event: PlatformEvent
}

export function createEventLog(options: EventLogOptions): RunningEventLog {
  return new EtcdEventLog(options)
}

class EtcdEventLog implements RunningEventLog {
  readonly #options: EventLogOptions
  readonly #prefix: string
  readonly #capacity: number
  readonly #now: () => number
  readonly #end = new AbortController()
  #queue: readonly Waiting[] = []
  #inFlight: readonly Waiting[] = []
  #dropped: readonly PlatformEvent[] = []
  #number = 0
  #lastId: string | undefined
  #isWriting = false
  /** etcd did not take the last batch, and that was said. */
  #isAway = false
  #writing: Promise<void> | undefined
  #watchers: readonly (() => void)[] = []

  constructor(options: EventLogOptions) {
    this.#options = options
    this.#prefix = coordinationKeys(options.cluster).events
    this.#capacity = options.capacity ?? CAPACITY
    this.#now = options.now ?? (() => Date.now())
  }

  record(event: NewEvent): void {
    const { source, actor, logger } = this.#options
    const nowMs = this.#now()
    this.#lastId = nextEventId(this.#lastId, nowMs, () => randomInt(TAIL_STARTS))
    const numbered = toStorable({
      id: this.#lastId,
      at: new Date(nowMs).toISOString(),
      source,
      actor: event.actor ?? actor,
      kind: event.kind,
      severity: event.severity ?? 'info',
      summary: event.summary,
      target: event.target ?? null,
      evidence: event.evidence ?? {},
    })
    logger[LEVELS[numbered.severity]]({ event: numbered }, numbered.summary)
    if (this.#end.signal.aborted) return
    this.#number += 1
    this.#queue = [...this.#queue, { number: this.#number, event: numbered }]
    this.#makeRoom()
    if (!this.#isWriting) this.#writing = this.#write()
  }

  waiting(): number {
    return this.#inFlight.length + this.#queue.length
  }

  async flush(deadlineMs: number): Promise<void> {
    const last = this.#number
    const isDone = (): boolean => this.#oldest() > last
    if (isDone() || this.#end.signal.aborted) return
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (isDone() || this.#end.signal.aborted) finish()
      }
      const finish = (): void => {
        clearTimeout(timer)
        this.#watchers = this.#watchers.filter((watcher) => watcher !== look)
        resolve()
      }
      const timer = setTimeout(finish, deadlineMs)
      this.#watchers = [...this.#watchers, look]
    })
  }

  async close(): Promise<void> {
    this.#end.abort()
    this.#notify()
    await this.#writing
  }

  #oldest(): number {
    return this.#inFlight[0]?.number ?? this.#queue[0]?.number ?? Infinity
  }

  #notify(): void {
    for (const watcher of this.#watchers) watcher()
  }

  /** Gives up what there is no room for; it was logged when it was recorded, so nothing of it is lost for good. */
  #makeRoom(): void {
    const excess = this.waiting() - this.#capacity
    const events = this.#queue.map(({ event }) => event)
    const gone = new Set(chooseToDrop(events, excess))
    if (gone.size === 0) return
    this.#queue = this.#queue.filter(({ event }) => !gone.has(event))
    this.#dropped = [...this.#dropped, ...gone]
    this.#options.logger.warn(
      { dropped: [...gone].map(({ id, kind }) => ({ id, kind })) },
      'etcd is away for too long: an event will be missing from the audit log',
    )
  }

  /** Runs until everything is written, or the log is closed. */
  async #write(): Promise<void> {
    this.#isWriting = true
    let failures = 0
    while (this.#queue.length > 0 && !this.#end.signal.aborted) {
      failures = (await this.#writeBatch()) ? 0 : failures + 1
      this.#notify()
      if (failures === 0) continue
      const pauseMs = backoffMs(failures - 1, FIRST_PAUSE_MS, LONGEST_PAUSE_MS)
      await sleep(pauseMs, this.#end.signal).catch(() => undefined)
    }
    // In the same breath as the look at the queue, so that nothing is recorded between the two and left lying.
    this.#isWriting = false
  }

  async #writeBatch(): Promise<boolean> {
    this.#inFlight = this.#queue.slice(0, BATCH)
    this.#queue = this.#queue.slice(BATCH)
    try {
      await this.#put(this.#inFlight)
      this.#inFlight = []
      this.#isAway = false
      this.#sayWhatWasDropped()
      return true
    } catch (thrown) {
      this.#queue = [...this.#inFlight, ...this.#queue]
      this.#inFlight = []
      if (!this.#isAway)
        this.#options.logger.warn({ err: thrown }, 'an event could not be written to etcd yet')
      this.#isAway = true
      return false
    }
  }

  async #put(batch: readonly Waiting[]): Promise<void> {
    await this.#options.kv.transaction(
      [],
      batch.map(({ event }) => ({
        put: `${this.#prefix}${event.id}`,
        value: JSON.stringify(event),
      })),
    )
  }

  #sayWhatWasDropped(): void {
    const [first] = this.#dropped
    if (first === undefined) return
    const kinds = countKinds(this.#dropped)
    const evidence = { kinds, first: first.at, last: this.#dropped.at(-1)?.at ?? first.at }
    this.#dropped = []
    this.record({
      kind: 'events.dropped',
      severity: 'warning',
      summary: `${describeDropped(kinds)}: etcd was away for too long; ${this.#options.source}’s log has them`,
      evidence,
    })
  }
}
