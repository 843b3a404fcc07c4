/**
 * `status --watch`: the picture, drawn again in place. Frames are written over each other line by line inside one
 * synchronised update, so nothing flickers; the terminal gets its own screen back however this ends. When the
 * cluster cannot be seen, the last picture stays, with its age and the reason.
 */
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { toPlatformError } from '@neuronha/core/errors.ts'
import picocolors from 'picocolors'
import { renderStatus } from './render-status.ts'
import { wrap } from './text-table.ts'

/** The part of a terminal's output that is used; process.stdout is one. */
export interface WatchOutput {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
  write(text: string): unknown
  on(event: 'resize', listener: () => void): unknown
  off(event: 'resize', listener: () => void): unknown
}

/** The part of a terminal's input that is used; process.stdin is one. */
export interface WatchInput {
  readonly isTTY?: boolean
  setRawMode(raw: boolean): unknown
  resume(): unknown
  pause(): unknown
  on(event: 'data', listener: (data: Buffer | string) => void): unknown
  off(event: 'data', listener: (data: Buffer | string) => void): unknown
}

export interface WatchStatusOptions {
  readonly observe: () => Promise<ClusterStatus>
  readonly intervalMs: number
  readonly out: WatchOutput
  /** Keys: q, Escape and Ctrl-C end the watch. Default: process.stdin when `out` is process.stdout. */
  readonly input?: WatchInput
  readonly signal?: AbortSignal
  readonly color?: boolean
  readonly now?: () => Date
}

const ENTER = '\x1b[?1049h\x1b[?25l'
const LEAVE = '\x1b[?25h\x1b[?1049l'
const BEGIN_FRAME = '\x1b[?2026h\x1b[H'
const END_FRAME = '\x1b[J\x1b[?2026l'
const END_OF_LINE = '\x1b[K'

const REDRAW_MS = 500
const QUIT_KEYS: readonly string[] = ['q', 'Q', '\x1b', '\x03']

interface Seen {
  readonly status?: ClusterStatus
  readonly failure?: string
}

/** Lines that fit the window: what does not fit is counted, never scrolled. */
export const fitRows = (lines: readonly string[], rows: number): readonly string[] => {
  if (lines.length <= rows) return lines
  const hidden = lines.length - rows + 1
  return [...lines.slice(0, rows - 1), `… ${hidden} more lines; make the window taller`]
}

const frameLines = (
  { status, failure }: Seen,
  options: { readonly color: boolean; readonly width: number; readonly now: Date },
): readonly string[] => {
  const colors = picocolors.createColors(options.color)
  const trouble =
    failure === undefined
      ? []
      : wrap(`Cannot see the cluster: ${failure}`, options.width).map((line) => colors.red(line))
  const picture =
    status === undefined
      ? [failure === undefined ? 'Looking at the cluster …' : '']
      : renderStatus(status, options).split('\n')
  return [...trouble, ...picture]
}

interface Screen {
  draw(): void
  close(): void
}

/** The terminal's other screen, drawn again when the window changes and twice a second, so that the age goes on counting. */
const openScreen = (out: WatchOutput, frame: () => readonly string[]): Screen => {
  const draw = (): void => {
    const lines = fitRows(frame(), out.rows ?? 24)
    out.write(BEGIN_FRAME + lines.map((line) => line + END_OF_LINE).join('\n') + END_FRAME)
  }
  const clock = setInterval(draw, REDRAW_MS)
  out.write(ENTER)
  out.on('resize', draw)
  draw()
  return {
    draw,
    close: () => {
      clearInterval(clock)
      out.off('resize', draw)
      out.write(LEAVE)
    },
  }
}

/** Where there is no terminal: one picture after another. */
const plainScreen = (out: WatchOutput, frame: () => readonly string[]): Screen => ({
  draw: () => out.write(`${frame().join('\n')}\n\n`),
  close: () => undefined,
})

/** Calls `quit` for the keys that mean it; the returned function gives the keyboard back. */
const listenForQuit = (input: WatchInput | undefined, quit: () => void): (() => void) => {
  if (input?.isTTY !== true) return () => undefined
  const onKey = (data: Buffer | string): void => {
    if (QUIT_KEYS.includes(data.toString())) quit()
  }
  input.setRawMode(true)
  input.on('data', onKey)
  input.resume()
  return () => {
    input.off('data', onKey)
    input.setRawMode(false)
    input.pause()
  }
}

/** Resolves when the user or the signal ends it. */
export async function watchStatus(options: WatchStatusOptions): Promise<void> {
  const { out, observe, intervalMs, now = () => new Date() } = options
  const isTerminal = out.isTTY === true
  const color = options.color ?? isTerminal
  const quit = new AbortController()
  const ended = AbortSignal.any([quit.signal, ...(options.signal ? [options.signal] : [])])
  let seen: Seen = {}
  const frame = () => [
    ...frameLines(seen, { color, width: out.columns ?? 80, now: now() }),
    ...(isTerminal ? ['', picocolors.createColors(color).dim('q quits')] : []),
  ]
  const look = async (): Promise<void> => {
    try {
      seen = { status: await observe() }
    } catch (thrown) {
      seen = { ...seen, failure: toPlatformError(thrown).message }
    }
    if (!ended.aborted) screen.draw()
  }

  const screen = isTerminal ? openScreen(out, frame) : plainScreen(out, frame)
  const input = options.input ?? (out === process.stdout ? process.stdin : undefined)
  const release = listenForQuit(input, () => quit.abort())
  try {
    while (!ended.aborted) {
      const startedAt = performance.now()
      await Promise.race([look(), whenAborted(ended)])
      await pause(Math.max(50, intervalMs - (performance.now() - startedAt)), ended)
    }
  } finally {
    release()
    screen.close()
  }
}

const whenAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** Resolves, never rejects. */
const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
    if (signal.aborted) done()
  })
