/** Many consoles ask the same thing at the same time; behind this they cost one call. */
import type { Clock } from '@neuronha/runtime/clock.ts'

/**
 * Callers that come while a call runs share its outcome, and its result serves for `maxAgeMs` from when it was
 * asked for. A failure is shared only by those who were waiting for it.
 */
export const shareCalls = <T>(
  call: () => Promise<T>,
  maxAgeMs: number,
  clock: Clock,
): (() => Promise<T>) => {
  let running: Promise<T> | undefined
  let latest: { readonly value: T; readonly askedAt: number } | undefined
  const ask = async (): Promise<T> => {
    const askedAt = clock.now()
    try {
      const value = await call()
      latest = { value, askedAt }
      return value
    } finally {
      running = undefined
    }
  }
  return () => {
    if (latest !== undefined && clock.now() - latest.askedAt < maxAgeMs) {
      return Promise.resolve(latest.value)
    }
    return (running ??= ask())
  }
}
