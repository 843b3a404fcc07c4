/**
 * When to send a failed request again, as the API documents it: everything that the error table calls
 * retryable, with the same Idempotency-Key, after Retry-After or a growing, jittered pause.
 */
import type { ErrorCode } from '@neuronha/core/errors.ts'
import { toApiError } from './errors.ts'

const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 3_000
const LONGEST_RETRY_AFTER_MS = 10_000

/** The pause before attempt `attempt + 1`. `random` is in [0, 1). */
export const retryPauseMs = (
  attempt: number,
  retryAfterMs: number | null,
  random: number,
): number => {
  if (retryAfterMs !== null) {
    return Math.min(retryAfterMs, LONGEST_RETRY_AFTER_MS) + Math.round(random * FIRST_PAUSE_MS)
  }
  const pause = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS)
  return Math.round(pause * (0.5 + random / 2))
}

export interface RetryClock {
  readonly now: () => number
  readonly random: () => number
  readonly sleep: (milliseconds: number, signal: AbortSignal | null) => Promise<void>
}

export const browserClock: RetryClock = {
  now: () => performance.now(),
  random: () => Math.random(),
  sleep: (milliseconds, signal) =>
    new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', finish)
        resolve()
      }
      const timer = setTimeout(finish, milliseconds)
      if (signal?.aborted === true) finish()
      else signal?.addEventListener('abort', finish, { once: true })
    }),
}

export interface RetryOptions {
  /** Gives up this long after the last sign of progress. */
  readonly patienceMs: number
  readonly signal?: AbortSignal
  readonly clock?: RetryClock
  /** Called before each pause. */
  readonly onRetry?: (attempt: number, code: ErrorCode) => void
}

/** What a try is given: it reports progress, which renews the patience. */
export interface Try {
  readonly attempt: number
  readonly progress: () => void
}

const isAborted = (signal: AbortSignal | undefined): boolean => signal?.aborted === true

/** Runs a task until it succeeds, fails for good, is aborted, or patience runs out. */
export const withRetries = async <T>(
  task: (current: Try) => Promise<T>,
  { patienceMs, signal, clock = browserClock, onRetry }: RetryOptions,
): Promise<T> => {
  let progressAt = clock.now()
  const progress = (): void => {
    progressAt = clock.now()
  }
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await task({ attempt, progress })
    } catch (thrown) {
      const error = toApiError(thrown)
      // Still being worked on: another replica has the request, so somebody is making progress.
      if (error.code === 'IDEMPOTENCY_IN_FLIGHT') progress()
      const pauseMs = retryPauseMs(attempt, error.retryAfterMs, clock.random())
      const isLate = clock.now() + pauseMs - progressAt > patienceMs
      if (!error.isRetryable || isLate || isAborted(signal)) throw thrown
      onRetry?.(attempt, error.code)
      await clock.sleep(pauseMs, signal ?? null)
      if (isAborted(signal)) throw thrown
    }
  }
}
