/**
 * One attempt to send a message and to read its answer. The answer comes as events, or whole when the
 * API replays what an earlier attempt with the same key has already stored.
 */
import { exchange, message, type Message } from '@neuronha/core/contracts/agent.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { z } from 'zod'
import { AGENT_API } from './agents.ts'
import { errorOfFetch, send } from './client.ts'
import { errorOfProblem } from './errors.ts'
import { readEvents, type ServerSentEvent } from './sse.ts'

/** A stream that says nothing for this long, heartbeats included, is taken for dead. */
const SILENCE_MS = 45_000

export type AnswerEvent =
  /** The user's message is stored. */
  | { readonly kind: 'stored'; readonly message: Message }
  | { readonly kind: 'chunk'; readonly text: string }
  /** The answer is stored. */
  | { readonly kind: 'done'; readonly answer: Message; readonly lastWrite?: string }

export interface MessageAttempt {
  readonly sessionId: string
  readonly content: string
  readonly idempotencyKey: string
  readonly csrfToken: string
  readonly onEvent: (event: AnswerEvent) => void
}

const chunk = z.object({ content: z.string() })
/** The stored answer, and where its write ended. */
const done = message.extend({ last_write: z.string().optional() })

const brokenStream = (detail: string, cause?: unknown): PlatformError =>
  new PlatformError('UPSTREAM_FAILED', detail, cause === undefined ? {} : { cause })

const parseData = <T>(event: ServerSentEvent, schema: z.ZodType<T>): T => {
  try {
    return schema.parse(JSON.parse(event.data))
  } catch (cause) {
    throw brokenStream(`The stream's ${event.event} event is not its contract.`, cause)
  }
}

const doneEvent = ({ last_write: lastWrite, ...answer }: z.infer<typeof done>): AnswerEvent => ({
  kind: 'done',
  answer,
  ...(lastWrite === undefined ? {} : { lastWrite }),
})

/** What an event of the stream means; null for events that this console does not know. */
export const parseAnswerEvent = (event: ServerSentEvent): AnswerEvent | null => {
  switch (event.event) {
    case 'message':
      return { kind: 'stored', message: parseData(event, message) }
    case 'chunk':
      return { kind: 'chunk', text: parseData(event, chunk).content }
    case 'done':
      return doneEvent(parseData(event, done))
    case 'error':
      throw (
        errorOfProblem(parseData(event, z.unknown())) ??
        brokenStream('The answer ended with an error.')
      )
    default:
      return null
  }
}

const readAnswer = async (
  body: ReadableStream<Uint8Array>,
  onEvent: MessageAttempt['onEvent'],
  onBytes: () => void,
): Promise<Message> => {
  const watched = body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(bytes, controller) {
        onBytes()
        controller.enqueue(bytes)
      },
    }),
  )
  for await (const event of readEvents(watched)) {
    const parsed = parseAnswerEvent(event)
    if (parsed !== null) onEvent(parsed)
    if (parsed?.kind === 'done') return parsed.answer
  }
  throw brokenStream('The stream ended before the answer did.')
}

const readWhole = async (
  response: Response,
  onEvent: MessageAttempt['onEvent'],
): Promise<Message> => {
  const parsed = exchange.safeParse(await response.json().catch(() => null))
  if (!parsed.success) throw brokenStream('The stored answer is not its contract.', parsed.error)
  onEvent({ kind: 'stored', message: parsed.data.message })
  onEvent({ kind: 'done', answer: parsed.data.answer })
  return parsed.data.answer
}

/** Resolves with the stored answer; throws a PlatformError that says whether to try again. */
export const attemptMessage = async (attempt: MessageAttempt): Promise<Message> => {
  const abort = new AbortController()
  let timer = setTimeout(() => undefined, 0)
  const watch = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => abort.abort(new DOMException('silent', 'TimeoutError')), SILENCE_MS)
  }
  watch()
  try {
    const response = await send({
      method: 'POST',
      path: `${AGENT_API}/sessions/${encodeURIComponent(attempt.sessionId)}/messages`,
      body: { content: attempt.content, stream: true },
      accept: 'text/event-stream, application/json',
      csrfToken: attempt.csrfToken,
      idempotencyKey: attempt.idempotencyKey,
      signal: abort.signal,
    })
    watch()
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
    return isStream && response.body !== null
      ? await readAnswer(response.body, attempt.onEvent, watch)
      : await readWhole(response, attempt.onEvent)
  } catch (thrown) {
    throw errorOfFetch(thrown)
  } finally {
    clearTimeout(timer)
  }
}
