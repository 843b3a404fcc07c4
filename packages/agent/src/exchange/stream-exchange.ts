/**
 * An exchange as server-sent events: `message` (stored), `chunk`…, then `done` (the stored answer) or `error`.
 * A client that leaves or does not read loses the stream only; the answer is stored all the same.
 */
import type { STREAM_EVENTS } from '@neuronha/core/contracts/agent.ts'
import { problemOf } from '@neuronha/core/contracts/problem.ts'
import { toPlatformError } from '@neuronha/core/errors.ts'
import type { SseStream } from '@neuronha/runtime/sse.ts'
import type { WriteToken } from '@neuronha/runtime/write-token.ts'
import type { Answered, Asking } from './exchange.ts'

type StreamEvent = (typeof STREAM_EVENTS)[number]

/** Pieces that may wait for a client that reads slowly, before the stream is given up. */
const MAX_WAITING = 1000

export interface StreamOptions {
  readonly requestId: string
  /** The token of the last write as text, so that a client's next read sees the answer. */
  readonly signToken: (token: WriteToken) => string
  readonly onError: (thrown: unknown) => void
}

/** Sends events in order without ever making the sender wait; gives up on a client that falls far behind. */
const createSender = (stream: SseStream, messageId: string) => {
  let count = 0
  let waiting = 0
  let given: Promise<unknown> = Promise.resolve()
  const send = (event: StreamEvent, data: unknown, id?: string): void => {
    if (stream.signal.aborted) return
    if (waiting >= MAX_WAITING) {
      stream.end()
      return
    }
    waiting += 1
    count += 1
    given = stream.send({ event, data, id: id ?? `${messageId}:${count}` }).finally(() => {
      waiting -= 1
    })
  }
  return { send, settled: () => given }
}

const finish = (begun: Answered | Asking, onChunk: (text: string) => void): Promise<Answered> => {
  if (begun.kind === 'asking') return begun.ask(onChunk)
  for (const text of begun.chunks) onChunk(text)
  return Promise.resolve(begun)
}

/** Streams what was begun to its end. Never throws. */
export const streamExchange = async (
  stream: SseStream,
  begun: Answered | Asking,
  { requestId, signToken, onError }: StreamOptions,
): Promise<void> => {
  const message = begun.kind === 'answered' ? begun.exchange.message : begun.message
  const { send, settled } = createSender(stream, message.id)
  send('message', message, message.id)
  try {
    const { exchange, token } = await finish(begun, (text) => send('chunk', { content: text }))
    send('done', { ...exchange.answer, last_write: signToken(token) }, exchange.answer.id)
  } catch (thrown) {
    onError(thrown)
    send('error', problemOf(toPlatformError(thrown), requestId))
  }
  await settled()
  stream.end()
}
