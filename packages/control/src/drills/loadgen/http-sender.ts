/**
 * Requests of the HTTP path, by target. Each sets up what it needs through the front door, with the
 * same retrying client, and then sends one kind of request.
 */
import type { LoadgenConfig, LoadTarget } from '@neuronha/core/config/loadgen.ts'
import { exchange, message, page } from '@neuronha/core/contracts/agent.ts'
import { CSRF_HEADER, signedIn } from '@neuronha/core/contracts/desktop.ts'
import { COOKIES, HEADERS } from '@neuronha/core/contracts/http-names.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { z } from 'zod'
import { contentOf, wordOf } from '../message-content.ts'
import type { FrontDoor, HttpAnswer, HttpCall } from './front-door.ts'
import { sendWithRetries, type RetryDeps, type TryOutcome } from './retry.ts'
import type { Acknowledgement, LoadRequest, ReadBack, Sender } from './sender.ts'

export interface PreparedSender {
  readonly sender: Sender
  /** The agent's sessions that the run writes to. */
  readonly sessions: readonly string[]
}

interface Context {
  readonly door: FrontDoor
  readonly config: LoadgenConfig
  /** Sends with retries; throws when the client gives up. For the set-up only. */
  readonly call: (call: HttpCall) => Promise<HttpAnswer>
}

const created = z.object({ id: z.string() })
const messages = page(message.pick({ id: true }))

/** Makes ready what the target's requests need and returns how to send one. */
export async function prepareHttpSender(
  door: FrontDoor,
  config: LoadgenConfig,
  retry: RetryDeps,
): Promise<PreparedSender> {
  const context: Context = { door, config, call: createCall(door, retry) }
  const { target } = config
  switch (target.kind) {
    case 'agent':
      return prepareAgent(context, target)
    case 'desktop-api':
      return prepareDesktopApi(context, target)
    case 'mcp':
      return prepareMcp(context, target)
    case 'console':
      return prepareConsole(context)
  }
}

const createCall =
  (door: FrontDoor, retry: RetryDeps): Context['call'] =>
  async (call) => {
    const outcome = await sendWithRetries((limits) => door.send(call, limits), retry)
    if (outcome.kind === 'ok') return outcome.value
    throw new PlatformError(
      'UPSTREAM_FAILED',
      `${call.method} ${call.path} failed after ${outcome.tries} tries: ${outcome.reason}`,
    )
  }

/** A sender of calls whose answer needs no second look. */
const plainSender = (
  { door }: Context,
  callOf: (request: LoadRequest) => HttpCall,
  check: (answer: HttpAnswer) => string | null,
): Sender => ({
  send: async (request) => {
    const outcome = await door.send(callOf(request), request.limits)
    if (outcome.kind !== 'ok') return outcome
    const problem = check(outcome.value)
    return problem === null ? { kind: 'ok', value: {} } : { kind: 'fail', reason: problem }
  },
  close: () => door.close(),
})

async function prepareAgent(
  context: Context,
  target: Extract<LoadTarget, { kind: 'agent' }>,
): Promise<PreparedSender> {
  const { run } = context.config
  const base = '/agent/api/v1'
  const authorization = `Bearer ${target.apiKey}`
  const create = async (path: string, name: string, body: unknown): Promise<string> => {
    const headers = { authorization, [HEADERS.idempotencyKey]: `${run}-${name}` }
    const answer = await context.call({ method: 'POST', path: base + path, headers, body })
    return parseJson(created, answer).id
  }
  const agentId = await create('/agents', 'agent', {
    name: `drill-${run}`,
    description: 'Made by a drill, which deletes it again',
  })
  const sessions: string[] = []
  for (let number = 1; number <= target.sessions; number += 1) {
    const body = { agent_id: agentId, title: `drill ${run}` }
    sessions.push(await create('/sessions', `session-${number}`, body))
  }
  const sender: Sender = {
    send: (request) => {
      const session = sessions[request.seq % sessions.length] ?? ''
      const path = `${base}/sessions/${session}/messages`
      const isReadBack = request.seq % target.readEvery === 0
      return postMessage(context, { path, authorization, isReadBack }, request)
    },
    close: () => context.door.close(),
  }
  return { sender, sessions }
}

interface MessagePost {
  readonly path: string
  readonly authorization: string
  readonly isReadBack: boolean
}

async function postMessage(
  { door, config }: Context,
  post: MessagePost,
  request: LoadRequest,
): Promise<TryOutcome<Acknowledgement>> {
  const { path, authorization } = post
  const outcome = await door.send(
    {
      method: 'POST',
      path,
      headers: { authorization, [HEADERS.idempotencyKey]: request.id },
      body: { content: contentOf(config.run, request.seq) },
    },
    request.limits,
  )
  if (outcome.kind !== 'ok') return outcome
  if (!post.isReadBack) return { kind: 'ok', value: {} }

  const stored = exchange.safeParse(jsonOf(outcome.value))
  if (!stored.success) return { kind: 'fail', reason: 'unreadable answer' }
  const token = outcome.value.headers[HEADERS.lastWrite]
  const headers = {
    authorization,
    ...(typeof token === 'string' ? { [HEADERS.lastWrite]: token } : {}),
  }
  const search: HttpCall = {
    method: 'GET',
    path: `${path}?search=${wordOf(request.seq)}&limit=1`,
    headers,
  }
  return { kind: 'ok', value: { readBack: readBackOf(door, search, stored.data.message.id) } }
}

const readBackOf =
  (door: FrontDoor, search: HttpCall, wanted: string): ReadBack =>
  async (limits) => {
    const outcome = await door.send(search, limits)
    if (outcome.kind !== 'ok') return outcome
    const listed = messages.safeParse(jsonOf(outcome.value))
    if (!listed.success) return { kind: 'fail', reason: 'unreadable answer' }
    const isFresh = listed.data.items.some(({ id }) => id === wanted)
    return { kind: 'ok', value: { isFresh, member: null } }
  }

async function prepareDesktopApi(
  context: Context,
  target: Extract<LoadTarget, { kind: 'desktop-api' }>,
): Promise<PreparedSender> {
  const { email, password } = target
  const answer = await context.call({
    method: 'POST',
    path: '/api/v1/auth/sign-in',
    body: { email, password },
  })
  const cookie = cookiesOf(answer)
  const { csrf_token: csrfToken } = parseJson(signedIn.pick({ csrf_token: true }), answer)
  const call: HttpCall = { method: 'GET', path: '/api/v1/cluster', headers: { cookie } }
  await context.call(call)
  const sender = plainSender(
    context,
    () => call,
    () => null,
  )
  const close = async (): Promise<void> => {
    await context.call({
      method: 'POST',
      path: '/api/v1/auth/sign-out',
      headers: { cookie, [CSRF_HEADER]: csrfToken },
    })
    await sender.close()
  }
  return { sender: { ...sender, close }, sessions: [] }
}

/** Every cookie that an answer set, as a browser would send them back. */
function cookiesOf(answer: HttpAnswer): string {
  const header = answer.headers['set-cookie'] ?? []
  const cookies = Array.isArray(header) ? header : [header]
  const text = cookies.map((cookie) => cookie.split(';')[0] ?? '').join('; ')
  if (text.includes(`${COOKIES.session}=`)) return text
  throw new PlatformError('UPSTREAM_FAILED', `sign-in set no cookie ${COOKIES.session}`)
}

async function prepareMcp(
  context: Context,
  target: Extract<LoadTarget, { kind: 'mcp' }>,
): Promise<PreparedSender> {
  const call = (seq: number): HttpCall => ({
    method: 'POST',
    path: '/mcp',
    headers: {
      authorization: `Bearer ${target.apiKey}`,
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-11-25',
    },
    body: {
      jsonrpc: '2.0',
      id: seq + 1,
      method: 'tools/call',
      params: { name: 'get_cluster_status', arguments: {} },
    },
  })
  await context.call(call(0))
  const check = (answer: HttpAnswer): string | null => {
    const isError = /"isError":\s*true/.test(answer.text) || !answer.text.includes('"result"')
    return isError ? 'MCP error' : null
  }
  return { sender: plainSender(context, ({ seq }) => call(seq), check), sessions: [] }
}

async function prepareConsole(context: Context): Promise<PreparedSender> {
  const html = await context.call({ method: 'GET', path: '/' })
  const asset = /(?:src|href)="(\/[^"]+\.(?:js|css))"/.exec(html.text)?.[1]
  const paths = asset === undefined ? ['/'] : ['/', asset]
  const callOf = ({ seq }: LoadRequest): HttpCall => ({
    method: 'GET',
    path: paths[seq % paths.length] ?? '/',
  })
  const check = (answer: HttpAnswer): string | null => (answer.text === '' ? 'empty answer' : null)
  return { sender: plainSender(context, callOf, check), sessions: [] }
}

function jsonOf(answer: HttpAnswer): unknown {
  try {
    return JSON.parse(answer.text)
  } catch {
    return undefined
  }
}

function parseJson<T>(schema: z.ZodType<T>, answer: HttpAnswer): T {
  const parsed = schema.safeParse(jsonOf(answer))
  if (parsed.success) return parsed.data
  throw new PlatformError('UPSTREAM_FAILED', `unexpected answer: ${answer.text.slice(0, 200)}`)
}
