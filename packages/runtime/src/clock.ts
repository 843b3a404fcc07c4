/** Time and ids, as arguments where a test must hold them still. */
import { uuidv7 } from 'uuidv7'

export interface Clock {
  /** Wall time, milliseconds since 1970. */
  now(): number
}

export const systemClock: Clock = { now: () => Date.now() }

/** A new UUIDv7: sorts by time of creation, also within one millisecond of one process. */
export const newId = (): string => uuidv7()

/** Resolves after `ms`, or rejects with the signal's reason as soon as it aborts. */
export const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error)
      return
    }
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(signal?.reason as Error)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', onAbort, { once: true })
  })

/** A delay between 50 % and 100 % of min(cap, base · 2^attempt), attempt from 0. */
export const backoffMs = (attempt: number, baseMs: number, capMs: number): number =>
  Math.min(capMs, baseMs * 2 ** attempt) * (0.5 + Math.random() / 2)
