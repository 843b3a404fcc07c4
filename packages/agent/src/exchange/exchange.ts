/**
 * One message and its answer, at most once each, whatever dies in between.
 *
 * A local model answers inside the transaction of the question: message, answer and idempotency record commit
 * together or not at all. For a remote one the message is stored first, with the record in flight; the model is
 * asked while no connection is held and the lease on the record is renewed; then answer and final record commit
 * together. When the replica dies in between, a retry with the same key takes the record over once its lease has
 * run out and goes on from the stored message. `reply_to` is unique and the record's owner is checked at the
 * end, so a worker that was frozen and wakes cannot add a second answer.
 */
import assert from 'node:assert/strict'
import type { Exchange, Message, MessageInput } from '@neuronha/core/contracts/agent.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { newId, sleep } from '@neuronha/runtime/clock.ts'
import {
  requestInFlight,
  resolvingUnknown,
  type IdempotencyRecords,
  type IdempotentRequest,
} from '@neuronha/runtime/idempotency.ts'
import type { Logger } from '@neuronha/runtime/logger.ts'
import type { Database } from '@neuronha/runtime/postgres/database.ts'
import type { Committed } from '@neuronha/runtime/postgres/transaction.ts'
import type { Sql } from '@neuronha/runtime/postgres/sql.ts'
import type { WriteToken } from '@neuronha/runtime/write-token.ts'
import type { LocalModel, ModelProvider, RemoteModel } from '../providers/model-provider.ts'
import {
  addAnswer,
  addUserMessage,
  findConversation,
  type Conversation,
} from '../queries/messages.ts'
import { keepLease, LEASE_MS } from './lease.ts'

export interface ExchangeDeps {
  readonly database: Database
  readonly records: IdempotencyRecords
  readonly provider: ModelProvider
  readonly logger: Logger
  /** How long a repeated request waits for the result of its first try; default 3 s. */
  readonly waitForFirstMs?: number
}

export interface Posting {
  readonly organisation: string
  readonly sessionId: string
  readonly input: MessageInput
  readonly request: IdempotentRequest
  /** Aborts when the caller leaves: what waits for a connection then is given up. */
  readonly signal?: AbortSignal
}

/** Both are stored. */
export interface Answered {
  readonly kind: 'answered'
  readonly exchange: Exchange
  /** The answer as it may be streamed. */
  readonly chunks: readonly string[]
  readonly token: WriteToken
}

/** The message is stored; `ask` gets the answer and stores it. */
export interface Asking {
  readonly kind: 'asking'
  readonly message: Message
  readonly token: WriteToken
  ask(onChunk: (text: string) => void): Promise<Answered>
}

const WAIT_FOR_FIRST_MS = 3000
const WAIT_STEP_MS = 250
const CREATED = 201

const answered = (exchange: Exchange, token: WriteToken, chunks?: readonly string[]): Answered => ({
  kind: 'answered',
  exchange,
  chunks: chunks ?? [exchange.answer.content],
  token,
})

type Claimed =
  | { readonly kind: 'done'; readonly exchange: Exchange }
  | { readonly kind: 'in-flight' }
  | { readonly kind: 'mine'; readonly conversation: Conversation }

/** Claims the record and makes sure that the message is stored, in the caller's transaction. */
const claimMessage = async (
  sql: Sql,
  { records }: ExchangeDeps,
  posting: Posting,
  leaseMs: number,
): Promise<Claimed> => {
  const { organisation, sessionId, input, request } = posting
  const claim = await records.claim<Exchange>(sql, request, leaseMs)
  if (claim.kind === 'done') return { kind: 'done', exchange: claim.answer.body }
  if (claim.kind === 'in-flight') return claim
  const { subject: id } = claim
  const { content, metadata } = input
  const conversation = claim.isTakeover
    ? await findConversation(sql, organisation, id)
    : await addUserMessage(sql, organisation, { id, sessionId, content, metadata })
  if (conversation === undefined) throw new PlatformError('NOT_FOUND', 'There is no such session')
  return { kind: 'mine', conversation }
}

/** Tries until the record is not another try's, for a bounded time. */
const waitingForFirst = async <T extends { readonly kind: string }>(
  { waitForFirstMs = WAIT_FOR_FIRST_MS }: ExchangeDeps,
  attempt: () => Promise<T>,
): Promise<Exclude<T, { kind: 'in-flight' }>> => {
  const until = performance.now() + waitForFirstMs
  for (;;) {
    const outcome = await resolvingUnknown(attempt)
    if (outcome.kind !== 'in-flight') return outcome as Exclude<T, { kind: 'in-flight' }>
    if (performance.now() > until) throw requestInFlight()
    await sleep(WAIT_STEP_MS)
  }
}

const writeFor = <T>(
  { database }: ExchangeDeps,
  { signal }: Posting,
  work: (sql: Sql) => Promise<T>,
): Promise<Committed<T>> => database.write(work, signal === undefined ? {} : { signal })

const answerLocally = (
  deps: ExchangeDeps,
  model: LocalModel,
  posting: Posting,
): Promise<Answered> => {
  const answerId = newId()
  const attempt = async (): Promise<Answered | { kind: 'in-flight' }> => {
    const { value, token } = await writeFor(deps, posting, async (sql) => {
      const claimed = await claimMessage(sql, deps, posting, 0)
      if (claimed.kind !== 'mine') return claimed
      const { message } = claimed.conversation
      const chunks = model.answer(claimed.conversation)
      const answer = await addAnswer(sql, posting.organisation, {
        id: answerId,
        to: message,
        content: chunks.join(''),
        metadata: { model: model.name },
      })
      const exchange = { message, answer }
      const stored = { status: CREATED, body: exchange }
      assert(await deps.records.finish(sql, posting.request, stored), 'claimed just now')
      return { kind: 'done' as const, exchange, chunks }
    })
    if (value.kind === 'in-flight') return value
    return answered(value.exchange, token, 'chunks' in value ? value.chunks : undefined)
  }
  return waitingForFirst(deps, attempt)
}

/** Answer and final record in one transaction; undefined when another try owns the record by now. */
const storeAnswer = async (
  deps: ExchangeDeps,
  posting: Posting,
  message: Message,
  answer: { id: string; content: string; model: string },
): Promise<Answered | undefined> => {
  const { value: exchange, token } = await deps.database.write(async (sql) => {
    if (!(await deps.records.renew(sql, posting.request, LEASE_MS))) return undefined
    const stored = await addAnswer(sql, posting.organisation, {
      id: answer.id,
      to: message,
      content: answer.content,
      metadata: { model: answer.model },
    })
    const both = { message, answer: stored }
    await deps.records.finish(sql, posting.request, { status: CREATED, body: both })
    return both
  })
  return exchange && answered(exchange, token)
}

const askRemotely = async (
  deps: ExchangeDeps,
  model: RemoteModel,
  posting: Posting,
  { conversation, onChunk }: { conversation: Conversation; onChunk: (text: string) => void },
): Promise<Answered> => {
  const lease = keepLease(deps, posting.request)
  const answerId = newId()
  try {
    const content = await model.answer(conversation, { signal: lease.signal, onChunk })
    const answer = { id: answerId, content, model: model.name }
    const stored = await resolvingUnknown(() =>
      storeAnswer(deps, posting, conversation.message, answer),
    )
    if (stored !== undefined) return stored
  } catch (thrown) {
    lease.stop()
    await lease.abandon()
    throw thrown
  } finally {
    lease.stop()
  }
  // The record is not ours: our own COMMIT went through unseen, or another try took over. Either way it knows.
  const settled = await beginRemotely(deps, model, posting)
  if (settled.kind === 'answered') return settled
  throw requestInFlight()
}

const beginRemotely = async (
  deps: ExchangeDeps,
  model: RemoteModel,
  posting: Posting,
): Promise<Answered | Asking> =>
  waitingForFirst(deps, async (): Promise<Answered | Asking | { kind: 'in-flight' }> => {
    const { value, token } = await writeFor(deps, posting, (sql) =>
      claimMessage(sql, deps, posting, LEASE_MS),
    )
    if (value.kind === 'in-flight') return value
    if (value.kind === 'done') return answered(value.exchange, token)
    const { conversation } = value
    return {
      kind: 'asking',
      message: conversation.message,
      token,
      ask: (onChunk) => askRemotely(deps, model, posting, { conversation, onChunk }),
    }
  })

/** Stores the message. Gives both when the answer is there, or the way to get it. */
export const beginExchange = (deps: ExchangeDeps, posting: Posting): Promise<Answered | Asking> =>
  deps.provider.kind === 'local'
    ? answerLocally(deps, deps.provider, posting)
    : beginRemotely(deps, deps.provider, posting)

/** Message and answer, both stored. Goes on to the end even when the client has left. */
export const runExchange = async (deps: ExchangeDeps, posting: Posting): Promise<Answered> => {
  const begun = await beginExchange(deps, posting)
  return begun.kind === 'answered' ? begun : begun.ask(() => undefined)
}
