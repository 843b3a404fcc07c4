/**
 * Bounds how many callers hold a connection of one pool, and lets the rest wait in order until their own
 * deadline. In front of pg's pool, because its connection timeout would also cut callers that only wait.
 */
import { PlatformError } from '@neuronha/core/errors.ts'

interface Waiter {
  readonly grant: () => void
  readonly refuse: (reason: PlatformError) => void
}

const busy = (why: string): PlatformError => new PlatformError('DATABASE_UNAVAILABLE', why)

export class Slots {
  readonly #max: number
  readonly #waiters: Waiter[] = []
  #held = 0

  constructor(max: number) {
    this.#max = max
  }

  get held(): number {
    return this.#held
  }

  get waiting(): number {
    return this.#waiters.length
  }

  /** Resolves when a slot is the caller's; rejects when `signal` aborts first. */
  acquire(signal: AbortSignal): Promise<void> {
    if (this.#held < this.#max) {
      this.#held += 1
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1)
        reject(busy('No connection became free in time'))
      }
      const waiter: Waiter = {
        grant: () => {
          signal.removeEventListener('abort', onAbort)
          resolve()
        },
        refuse: (reason) => {
          signal.removeEventListener('abort', onAbort)
          reject(reason)
        },
      }
      if (signal.aborted) {
        reject(busy('No connection became free in time'))
        return
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#waiters.push(waiter)
    })
  }

  /** Gives the slot to the next waiter, or back. */
  release(): void {
    const next = this.#waiters.shift()
    if (next === undefined) this.#held -= 1
    else next.grant()
  }

  /** Sends every waiter away, for example because the pooler is frozen and another may serve them. */
  refuseWaiters(why: string): void {
    for (const waiter of this.#waiters.splice(0)) waiter.refuse(busy(why))
  }
}
