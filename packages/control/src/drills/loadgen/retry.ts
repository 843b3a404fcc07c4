/**
 * The client that the API documents, as a loop: which outcomes are sent again, after how long, and
 * when it gives up. Time and randomness come from outside, so that the policy can be tested.
 */
import { RETRY_POLICY } from '@neuronha/core/config/loadgen.ts'

/** What one try came to. */
export type TryOutcome<T> =
  | { readonly kind: 'ok'; readonly value: T }
  /** Worth sending again with the same key. */
  | { readonly kind: 'retry'; readonly reason: string; readonly retryAfterMs?: number }
  | { readonly kind: 'fail'; readonly reason: string }

export type RequestOutcome<T> =
  | { readonly kind: 'ok'; readonly value: T; readonly tries: number }
  | { readonly kind: 'failed'; readonly reason: string; readonly tries: number }

/** What one try may take. Whole milliseconds: timers of the platform refuse fractions. */
export interface TryLimits {
  /** When the request began, on a monotonic clock. */
  readonly sinceMs: number
  /** For the try itself. */
  readonly timeoutMs: number
  /** Until the client gives the whole request up. */
  readonly leftMs: number
  /** 0 for the first try. */
  readonly tryIndex: number
}

export interface RetryDeps {
  readonly nowMs: () => number
  readonly sleep: (ms: number) => Promise<void>
  /** From 0 to 1. */
  readonly random: () => number
  readonly onFailedTry: (reason: string) => void
}

/**
 * How long to wait before the next try, or null to give up. The pause grows from 50 ms to 3 s and is
 * jittered by a quarter either way; Retry-After makes it longer, never shorter.
 */
export function pauseBeforeNext(
  tries: number,
  elapsedMs: number,
  retryAfterMs: number,
  random: () => number,
): number | null {
  if (tries >= RETRY_POLICY.maxTries) return null
  const grown = RETRY_POLICY.firstBackoffMs * RETRY_POLICY.backoffFactor ** (tries - 1)
  const base = Math.min(grown, RETRY_POLICY.maxBackoffMs)
  const pause = Math.max(retryAfterMs, base * (0.75 + random() / 2))
  return elapsedMs + pause < RETRY_POLICY.totalMs ? pause : null
}

/** Sends until it is acknowledged, refused for good, or the policy is exhausted. */
export async function sendWithRetries<T>(
  send: (limits: TryLimits) => Promise<TryOutcome<T>>,
  deps: RetryDeps,
): Promise<RequestOutcome<T>> {
  const startMs = deps.nowMs()
  for (let tries = 1; ; tries += 1) {
    const leftMs = Math.max(1, Math.floor(RETRY_POLICY.totalMs - (deps.nowMs() - startMs)))
    const timeoutMs = Math.min(RETRY_POLICY.tryTimeoutMs, leftMs)
    const outcome = await send({ sinceMs: startMs, timeoutMs, leftMs, tryIndex: tries - 1 })
    if (outcome.kind === 'ok') return { ...outcome, tries }

    deps.onFailedTry(outcome.reason)
    if (outcome.kind === 'fail') return { kind: 'failed', reason: outcome.reason, tries }
    const elapsedMs = deps.nowMs() - startMs
    const pause = pauseBeforeNext(tries, elapsedMs, outcome.retryAfterMs ?? 0, deps.random)
    if (pause === null) return { kind: 'failed', reason: outcome.reason, tries }
    await deps.sleep(pause)
  }
}

/** Retry-After in milliseconds: seconds or an HTTP date; 0 when absent or unreadable. */
export function parseRetryAfter(value: string | undefined, nowEpochMs: number): number {
  if (value === undefined) return 0
  if (/^\d+$/.test(value.trim())) return Number(value) * 1000
  const date = Date.parse(value)
  return Number.isNaN(date) ? 0 : Math.max(0, date - nowEpochMs)
}
