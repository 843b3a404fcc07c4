/**
 * A client's connections are bounded, as a pool of any application is: what is beyond them waits in this
 * process, with its latency counted all the same. Without the bound, a stall on a busy machine ends in more
 * requests at once than can be answered within a try's time, and in a storm of handshakes: it never ends.
 * The oldest request goes first, so that one that is tried again does not queue behind all that came after it.
 */
import type { TryLimits, TryOutcome } from './retry.ts'

const FEWEST_CONNECTIONS = 8

/**
 * As many as an application of this load keeps: more would only come back from a stall with more handshakes at once,
 * which were seen to keep a small machine from electing a primary.
 */
export const connectionsFor = (ratePerSecond: number, most: number): number =>
  Math.min(most, Math.max(FEWEST_CONNECTIONS, Math.ceil(ratePerSecond)))

interface Waiter {
  readonly sinceMs: number
  readonly grant: () => void
}

export class ConnectionSlots {
  readonly #waiters: Waiter[] = []
  #free: number

  constructor(count: number) {
    this.#free = count
  }

  /** Resolves to true with a slot, which must be released, or to false after `withinMs`. */
  acquire(sinceMs: number, withinMs: number): Promise<boolean> {
    if (this.#free > 0) {
      this.#free -= 1
      return Promise.resolve(true)
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1)
        resolve(false)
      }, withinMs)
      const waiter: Waiter = {
        sinceMs,
        grant: () => {
          clearTimeout(timer)
          resolve(true)
        },
      }
      const younger = this.#waiters.findIndex((other) => other.sinceMs > sinceMs)
      this.#waiters.splice(younger === -1 ? this.#waiters.length : younger, 0, waiter)
    })
  }

  /** Gives the slot to the oldest waiter, or back. */
  release(): void {
    const next = this.#waiters.shift()
    if (next === undefined) this.#free += 1
    else next.grant()
  }
}

/** Waits for a slot as long as the request may live; the try's own time begins when it has one. */
export async function withSlot<T>(
  slots: ConnectionSlots,
  { sinceMs, timeoutMs, leftMs }: TryLimits,
  work: (timeoutMs: number) => Promise<TryOutcome<T>>,
): Promise<TryOutcome<T>> {
  const startMs = performance.now()
  if (!(await slots.acquire(sinceMs, leftMs)))
    return { kind: 'retry', reason: 'no connection free' }
  try {
    const stillLeftMs = leftMs - (performance.now() - startMs)
    return await work(Math.max(1, Math.floor(Math.min(timeoutMs, stillLeftMs))))
  } finally {
    slots.release()
  }
}
