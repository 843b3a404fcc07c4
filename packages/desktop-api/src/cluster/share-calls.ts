/** Many consoles ask the same thing at the same time; behind this they cost one call. */
import type { Clock } from '@neuronha/runtime/clock.ts'

const MOST_WORDINGS = 64

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

/** The same for a question with parts: each wording of it is shared by itself, and few are kept at a time. */
export const shareCallsBy = <Question, T>(
  call: (question: Question) => Promise<T>,
  maxAgeMs: number,
  clock: Clock,
): ((question: Question) => Promise<T>) => {
  const asked = new Map<string, () => Promise<T>>()
  return (question) => {
    const wording = JSON.stringify(question)
    const known = asked.get(wording)
    if (known !== undefined) return known()
    if (asked.size >= MOST_WORDINGS) asked.clear()
    const ask = shareCalls(() => call(question), maxAgeMs, clock)
    asked.set(wording, ask)
    return ask()
  }
}
