/**
 * One question to one part, asked again and again. A probe never makes its caller wait longer than it says,
 * never runs twice at once (a frozen part costs one open question, not one per second), and answers from memory
 * while its last answer is younger than `everyMs`, so that slow-changing facts are cheap. The question itself lives
 * longer than the caller waits: on a busy machine a new connection gets through in the end and serves the next look.
 */
import { toPlatformError } from '@neuronha/core/errors.ts'
import { answered, silent, type Answer } from './raw-observation.ts'

export interface ProbeOptions<T> {
  /** Must end by itself soon after the signal aborts. */
  readonly ask: (signal: AbortSignal) => Promise<T>
  /** How long a caller waits, milliseconds. */
  readonly waitMs: number
  /** When the question is given up, milliseconds. */
  readonly giveUpMs: number
  /** How long the first caller waits, for whom nothing is connected yet; default `giveUpMs`. */
  readonly firstWaitMs?: number
  /** How long an answer counts as fresh; 0 asks every time. Failures are always asked again. */
  readonly everyMs?: number
  /** Monotonic clock, milliseconds. */
  readonly now?: () => number
}

export type Probe<T> = () => Promise<Answer<T>>

const wordsOf = (thrown: unknown): string => {
  const code = (thrown as { code?: unknown } | null)?.code
  if (code === 'ECONNREFUSED') return 'connection refused'
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return 'no connection in time'
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH') return 'no route to it'
  const { message } = toPlatformError(thrown)
  return message === '' ? 'no answer' : message
}

export function createProbe<T>(options: ProbeOptions<T>): Probe<T> {
  const {
    ask,
    waitMs,
    giveUpMs,
    firstWaitMs = giveUpMs,
    everyMs = 0,
    now = () => performance.now(),
  } = options
  const timedOut = (ms: number): Answer<T> => silent(`no answer within ${ms} ms`)
  let isFirst = true
  let running: Promise<Answer<T>> | undefined
  let kept: { readonly answer: Answer<T>; readonly at: number } | undefined

  const run = async (): Promise<Answer<T>> => {
    const signal = AbortSignal.timeout(giveUpMs)
    try {
      const value = await ask(signal)
      kept = { answer: answered(value), at: now() }
      return kept.answer
    } catch (thrown) {
      kept = undefined
      return signal.aborted ? timedOut(giveUpMs) : silent(wordsOf(thrown))
    } finally {
      running = undefined
    }
  }

  return async () => {
    if (kept !== undefined && now() - kept.at < everyMs) return kept.answer
    running ??= run()
    const ms = isFirst ? firstWaitMs : waitMs
    isFirst = false
    let timer: NodeJS.Timeout | undefined
    const deadline = new Promise<Answer<T>>((resolve) => {
      timer = setTimeout(() => resolve(timedOut(ms)), ms)
    })
    try {
      return await Promise.race([running, deadline])
    } finally {
      clearTimeout(timer)
    }
  }
}
