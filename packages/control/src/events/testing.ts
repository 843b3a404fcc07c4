/** Builders for the tests of events: an etcd in memory that can be away, and events of one line. */
import type { PlatformEvent } from '@neuronha/core/contracts/coordination.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import type { Compare, KeyValue, Operation, PagedKv } from '../etcd/kv.ts'
import { nextEventId } from './event-id.ts'

export type EventKv = Pick<PagedKv, 'get' | 'page' | 'transaction'>

/** As much of etcd as events and maintenance use. */
export class FakeKv implements EventKv {
  readonly values = new Map<string, KeyValue>()
  /** Every transaction that was carried out, as the keys it wrote. */
  readonly writes: (readonly string[])[] = []
  isAway = false
  #revision = 1

  get keys(): readonly string[] {
    return [...this.values.keys()].sort()
  }

  get: EventKv['get'] = async (key) => {
    await this.#answer()
    return this.values.get(key)
  }

  page: EventKv['page'] = async (prefix, { limit, from, before, descending = false }) => {
    await this.#answer()
    const keys = this.keys.filter(
      (key) =>
        key.startsWith(prefix) &&
        (from === undefined || key >= from) &&
        (before === undefined || key < before),
    )
    const shown = (descending ? keys.toReversed() : keys).slice(0, limit)
    const kvs = shown.flatMap((key) => this.values.get(key) ?? [])
    return { kvs, total: keys.length, revision: String(this.#revision) }
  }

  transaction: EventKv['transaction'] = async (compares, operations) => {
    await this.#answer()
    const succeeded = compares.every((compare) => this.#holds(compare))
    this.#revision += 1
    if (succeeded) {
      for (const operation of operations) this.#apply(operation)
      this.writes.push(operations.flatMap((one) => ('put' in one ? [one.put] : [])))
    }
    return { succeeded, revision: String(this.#revision) }
  }

  #answer(): Promise<void> {
    return this.isAway
      ? Promise.reject(new PlatformError('UNAVAILABLE', 'No etcd member answered'))
      : Promise.resolve()
  }

  #holds(compare: Compare): boolean {
    const found = this.values.get(compare.key)
    if ('createRevision' in compare)
      return (found?.createRevision ?? '0') === compare.createRevision
    return 'modRevision' in compare && found?.modRevision === compare.modRevision
  }

  #apply(operation: Operation): void {
    if ('delete' in operation) {
      this.values.delete(operation.delete)
      return
    }
    const { put: key, value } = operation
    const modRevision = String(this.#revision)
    const createRevision = this.values.get(key)?.createRevision ?? modRevision
    this.values.set(key, { key, value, createRevision, modRevision, lease: '0' })
  }
}

export const START_MS = Date.parse('2026-11-23T20:00:00Z')

/** The n-th event, one second after the one before it. */
export const anEvent = (n: number, change: Partial<PlatformEvent> = {}): PlatformEvent => ({
  id: nextEventId(undefined, START_MS + n * 1000, () => n),
  at: new Date(START_MS + n * 1000).toISOString(),
  source: 'demo-controller-1',
  actor: 'controller',
  kind: 'test.event',
  severity: 'info',
  summary: `event ${n}`,
  target: null,
  evidence: {},
  ...change,
})

/** Puts events where the log would. */
export const fill = (kv: FakeKv, events: readonly PlatformEvent[]): Promise<unknown> =>
  kv.transaction(
    [],
    events.map((event) => ({
      put: `/neuronha/demo/events/${event.id}`,
      value: JSON.stringify(event),
    })),
  )
