/**
 * Messages on their way, one per session. A message keeps its Idempotency-Key from the first attempt
 * until its answer is stored, through retries, failovers, other pages and a reload of the tab, so that
 * it is never stored twice.
 *
 *   sending ──stored/chunk──► answering ──done──► (gone: the messages query has both)
 *      │  ▲                       │
 *      ▼  └──── next attempt ─────┤
 *   reconnecting ◄──lost, 5xx, in flight
 *      │ patience is over, or an error that no retry mends
 *      ▼
 *   failed ──retry (same key)──► sending        failed ──discard──► (gone)
 */
import type { Message } from '@neuronha/core/contracts/agent.ts'
import { queryOptions, type InfiniteData, type QueryClient } from '@tanstack/react-query'
import { z } from 'zod'
import { messagesQuery, sessionsQuery } from '../api/agents.ts'
import { toApiError, toDisplayError, type DisplayError } from '../api/errors.ts'
import { rememberLastWrite } from '../api/last-write.ts'
import { withRetries } from '../api/retry.ts'
import { attemptMessage, type AnswerEvent } from '../api/send-message.ts'
import { csrfTokenOf, markSignedOut } from '../api/session.ts'

const PATIENCE_MS = 60_000

export type OutgoingState = 'sending' | 'answering' | 'reconnecting' | 'failed'

export interface Outgoing {
  readonly sessionId: string
  readonly agentId: string
  readonly idempotencyKey: string
  readonly content: string
  readonly state: OutgoingState
  /** The user's message as stored, once it is. */
  readonly stored: Message | null
  /** The answer so far. */
  readonly answer: string
  readonly error: DisplayError | null
}

/** What has to survive a reload. */
const pending = z.object({
  sessionId: z.string(),
  agentId: z.string(),
  idempotencyKey: z.string(),
  content: z.string(),
})
type Pending = z.infer<typeof pending>

const storageKey = (sessionId: string): string => `neuronha-outgoing:${sessionId}`

const remember = ({ sessionId, agentId, idempotencyKey, content }: Outgoing): void => {
  const kept: Pending = { sessionId, agentId, idempotencyKey, content }
  sessionStorage.setItem(storageKey(sessionId), JSON.stringify(kept))
}

const recall = (sessionId: string): Pending | null => {
  try {
    const text = sessionStorage.getItem(storageKey(sessionId))
    return text === null ? null : pending.parse(JSON.parse(text))
  } catch {
    return null
  }
}

/** The session's message on its way, or null. Never fetched: `postMessage` writes it. */
export const outgoingQuery = (sessionId: string) =>
  queryOptions<Outgoing | null>({
    queryKey: ['outgoing', sessionId],
    queryFn: () => null,
    enabled: false,
    initialData: null,
    staleTime: Infinity,
    gcTime: Infinity,
  })

const change = (
  client: QueryClient,
  sessionId: string,
  update: (outgoing: Outgoing) => Outgoing,
): void => {
  client.setQueryData<Outgoing | null>(outgoingQuery(sessionId).queryKey, (outgoing) =>
    outgoing ? update(outgoing) : outgoing,
  )
}

/** An event of the answer, applied to what is shown. Pure. */
export const applyEvent = (outgoing: Outgoing, event: AnswerEvent): Outgoing => {
  switch (event.kind) {
    case 'stored':
      // A new attempt begins its answer again.
      return { ...outgoing, state: 'answering', stored: event.message, answer: '' }
    case 'chunk':
      return { ...outgoing, state: 'answering', answer: outgoing.answer + event.text }
    case 'done':
      return { ...outgoing, state: 'answering', answer: event.answer.content }
  }
}

type MessagePages = InfiniteData<{
  readonly items: readonly Message[]
  readonly next_cursor: string | null
}>

/** Puts what was stored into the messages that are shown, so that nothing flickers while they reload. */
const settle = async (client: QueryClient, sessionId: string, answer: Message): Promise<void> => {
  const outgoing = client.getQueryData(outgoingQuery(sessionId).queryKey)
  if (!outgoing) return
  const { queryKey } = messagesQuery(sessionId)
  // A first load that began before the answer was stored would win: invalidating cancels reloads only.
  await client.cancelQueries({ queryKey })
  const added = outgoing.stored === null ? [answer] : [outgoing.stored, answer]
  client.setQueryData<MessagePages>(queryKey, (known) => {
    const first = known?.pages[0]
    if (known === undefined || first === undefined) return known
    const pages = [{ ...first, items: [...first.items, ...added] }, ...known.pages.slice(1)]
    return { ...known, pages }
  })
  sessionStorage.removeItem(storageKey(sessionId))
  client.setQueryData(outgoingQuery(sessionId).queryKey, null)
  void client.invalidateQueries({ queryKey })
  void client.invalidateQueries({ queryKey: sessionsQuery(outgoing.agentId).queryKey })
}

const send = (
  client: QueryClient,
  { sessionId, content, idempotencyKey }: Outgoing,
): Promise<Message> =>
  withRetries(
    ({ progress }) =>
      attemptMessage({
        sessionId,
        content,
        idempotencyKey,
        csrfToken: csrfTokenOf(client),
        onEvent: (event) => {
          progress()
          if (event.kind === 'done' && event.lastWrite !== undefined)
            rememberLastWrite(event.lastWrite)
          change(client, sessionId, (outgoing) => applyEvent(outgoing, event))
        },
      }),
    {
      patienceMs: PATIENCE_MS,
      onRetry: () => {
        change(client, sessionId, (outgoing) => ({ ...outgoing, state: 'reconnecting' }))
      },
    },
  )

const run = async (client: QueryClient, outgoing: Outgoing): Promise<void> => {
  try {
    await settle(client, outgoing.sessionId, await send(client, outgoing))
  } catch (thrown) {
    if (toApiError(thrown).code === 'UNAUTHENTICATED') markSignedOut(client)
    const error = toDisplayError(thrown)
    change(client, outgoing.sessionId, (current) => ({ ...current, state: 'failed', error }))
  }
}

export interface NewMessage {
  readonly sessionId: string
  readonly agentId: string
  readonly content: string
  readonly idempotencyKey: string
}

/** Sends a message; returns at once, the state is in `outgoingQuery`. One at a time per session. */
export const postMessage = (client: QueryClient, message: NewMessage): void => {
  const { queryKey } = outgoingQuery(message.sessionId)
  const current = client.getQueryData(queryKey)
  if (current && current.state !== 'failed') return
  const outgoing: Outgoing = {
    ...message,
    state: 'sending',
    stored: null,
    answer: '',
    error: null,
  }
  remember(outgoing)
  client.setQueryData(queryKey, outgoing)
  void run(client, outgoing)
}

/** Sends a failed message again, under its key. */
export const retryMessage = (client: QueryClient, outgoing: Outgoing): void => {
  const { sessionId, agentId, content, idempotencyKey } = outgoing
  postMessage(client, { sessionId, agentId, content, idempotencyKey })
}

/** Forgets a failed message. What the API has stored of it stays. */
export const discardMessage = (client: QueryClient, sessionId: string): void => {
  sessionStorage.removeItem(storageKey(sessionId))
  client.setQueryData(outgoingQuery(sessionId).queryKey, null)
  void client.invalidateQueries({ queryKey: messagesQuery(sessionId).queryKey })
}

/** After a reload: goes on with the message that was on its way in this tab. */
export const resumeMessage = (client: QueryClient, sessionId: string): void => {
  const kept = recall(sessionId)
  if (kept !== null && !client.getQueryData(outgoingQuery(sessionId).queryKey))
    postMessage(client, kept)
}
