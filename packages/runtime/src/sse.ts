/**
 * Server-sent events that cannot hang: every write has a time limit, what waits is bounded, the stream's age
 * is capped, a comment goes out every 15 s so that proxies keep it open, and it ends when the client leaves.
 */
import type { FastifyReply } from 'fastify'
import { clientSignal } from './http/request-context.ts'

export interface SseEvent {
  readonly event: string
  readonly id?: string
  readonly data: unknown
}

export interface SseStream {
  /** Resolves when the event is handed to the socket; false when the client is gone or does not read. */
  send(event: SseEvent): Promise<boolean>
  /** Aborts when the client is gone or too slow. */
  readonly signal: AbortSignal
  end(): void
}

const HEARTBEAT_MS = 15_000
const WRITE_TIMEOUT_MS = 15_000
const MAX_AGE_MS = 15 * 60_000

/** One event as text; data is one line, because JSON has no raw newlines. */
export const formatSseEvent = ({ event, id, data }: SseEvent): string =>
  `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`

/** Takes the reply over and begins the stream. Headers that were set on the reply are sent. */
export const openSse = (reply: FastifyReply): SseStream => {
  const controller = new AbortController()
  const signal = AbortSignal.any([clientSignal(reply), controller.signal])
  reply.hijack()
  reply.raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  reply.raw.on('error', () => controller.abort())
  const write = (text: string): Promise<boolean> =>
    new Promise((resolve) => {
      if (signal.aborted || reply.raw.destroyed) {
        resolve(false)
        return
      }
      const finish = (sent: boolean): void => {
        clearTimeout(limit)
        reply.raw.off('drain', onDrain)
        signal.removeEventListener('abort', onAbort)
        resolve(sent)
      }
      const onDrain = (): void => finish(true)
      const onAbort = (): void => finish(false)
      const limit = setTimeout(() => {
        finish(false)
        controller.abort()
        reply.raw.destroy()
      }, WRITE_TIMEOUT_MS)
      signal.addEventListener('abort', onAbort, { once: true })
      if (reply.raw.write(text)) {
        finish(true)
        return
      }
      reply.raw.once('drain', onDrain)
    })
  // One write at a time: whoever sends waits for the one before, so nothing piles up here.
  let last: Promise<boolean> = Promise.resolve(true)
  const queue = (text: string): Promise<boolean> => {
    last = last.then(() => write(text))
    return last
  }
  const heartbeat = setInterval(() => void queue(': still here\n\n'), HEARTBEAT_MS)
  const age = setTimeout(() => end(), MAX_AGE_MS)
  const stop = (): void => {
    clearInterval(heartbeat)
    clearTimeout(age)
  }
  const end = (): void => {
    stop()
    if (!reply.raw.writableEnded) reply.raw.end()
  }
  signal.addEventListener('abort', stop, { once: true })
  return { send: (event) => queue(formatSseEvent(event)), signal, end }
}
