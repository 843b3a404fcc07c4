/**
 * What long work says while it runs. The work knows only the port; the printer decides what a
 * person sees: on a terminal one live line per running step, elsewhere a plain line per event.
 */
import type { Writable } from 'node:stream'

import { toPlatformError } from '@neuronha/core/errors.ts'

/** A step that has begun. Exactly one of `done` and `fail` ends it. */
export interface ProgressStep {
  /** What the step is doing at the moment; shown live, and dropped when the step ends. */
  note(text: string): void
  /** The step is complete. `note` says what came of it. */
  done(note?: string): void
  fail(error: unknown): void
}

/** Where long work reports to. Steps may overlap. */
export interface Progress {
  step(title: string): ProgressStep
  /** A line of its own, between steps. */
  say(text: string): void
}

/** Runs `work` as one step: done when it returns, failed when it throws. Its result is passed on. */
export async function runStep<T>(
  progress: Progress,
  title: string,
  work: (step: Pick<ProgressStep, 'note'>) => Promise<T>,
  describe?: (result: T) => string,
): Promise<T> {
  const step = progress.step(title)
  try {
    const result = await work(step)
    step.done(describe?.(result))
    return result
  } catch (error) {
    step.fail(error)
    throw error
  }
}

/** Says nothing: for `--json` without a terminal, and for tests. */
export const silentProgress: Progress = {
  step: () => ({ note: () => undefined, done: () => undefined, fail: () => undefined }),
  say: () => undefined,
}

export interface ProgressPrinterOptions {
  readonly stream: Writable & { readonly isTTY?: boolean; readonly columns?: number }
  /** Milliseconds on a clock that never jumps. */
  readonly now?: () => number
}

/** A printer of steps; `close` removes the live line, and must be called before anything else writes. */
export interface ProgressPrinter extends Progress {
  close(): void
}

interface RunningStep {
  readonly title: string
  readonly startedAtMs: number
  note: string
}

const FRAME_MS = 120
const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const
const CLEAR_LINE = '\r\u001B[2K'
const colour = (code: number, text: string): string => `\u001B[${code}m${text}\u001B[39m`

/** Creates the printer that the CLI uses, normally on standard error. */
export function createProgressPrinter(options: ProgressPrinterOptions): ProgressPrinter {
  const { stream } = options
  const isLive = stream.isTTY === true
  const now = options.now ?? (() => performance.now())
  const running = new Set<RunningStep>()
  let frame = 0
  let timer: NodeJS.Timeout | undefined

  const paint = (): void => {
    if (!isLive) return
    const text = [...running].map((step) => describeRunning(step, now())).join(' · ')
    const mark = FRAMES[frame % FRAMES.length] ?? ''
    const width = (stream.columns ?? 100) - 3
    stream.write(
      text === '' ? CLEAR_LINE : `${CLEAR_LINE}${colour(36, mark)} ${text.slice(0, width)}`,
    )
  }
  const line = (text: string): void => {
    stream.write(`${isLive ? CLEAR_LINE : ''}${text}\n`)
    paint()
  }
  const tick = (): void => {
    frame += 1
    paint()
  }
  const stopWhenIdle = (): void => {
    if (running.size > 0 || timer === undefined) return
    clearInterval(timer)
    timer = undefined
  }

  const end = (step: RunningStep, mark: string, note: string): void => {
    if (!running.delete(step)) return
    line(`${mark} ${step.title}${note === '' ? '' : `: ${note}`}  ${elapsed(step, now())}`)
    stopWhenIdle()
  }

  return {
    step: (title) => {
      const step: RunningStep = { title, startedAtMs: now(), note: '' }
      running.add(step)
      if (isLive) {
        timer ??= setInterval(tick, FRAME_MS).unref()
        paint()
      } else line(`  ${title} ...`)
      return {
        note: (text) => {
          step.note = text
        },
        done: (note) => end(step, isLive ? colour(32, '✓') : '✓', note ?? ''),
        fail: (error) => end(step, isLive ? colour(31, '✗') : '✗', toPlatformError(error).message),
      }
    },
    say: line,
    close: () => {
      running.clear()
      stopWhenIdle()
      if (isLive) stream.write(CLEAR_LINE)
    },
  }
}

function describeRunning(step: RunningStep, nowMs: number): string {
  const note = step.note === '' ? '' : ` (${step.note})`
  return `${step.title}${note} ${elapsed(step, nowMs)}`
}

function elapsed(step: RunningStep, nowMs: number): string {
  return formatElapsed(nowMs - step.startedAtMs)
}

/** `0.4 s`, `12 s`, `2 min 05 s`. */
export function formatElapsed(ms: number): string {
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`
}
