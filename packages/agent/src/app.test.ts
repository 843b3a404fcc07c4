import { readFile } from 'node:fs/promises'
import { HEADERS } from '@neuronha/core/contracts/http-names.ts'
import type { Exchange } from '@neuronha/core/contracts/agent.ts'
import { createHealth } from '@neuronha/runtime/health.ts'
import { createHttpHost, type App } from '@neuronha/runtime/http-host.ts'
import { IDEMPOTENCY_TABLE_SQL } from '@neuronha/runtime/idempotency.ts'
import { createSilentLogger } from '@neuronha/runtime/logger.ts'
import { createMetrics } from '@neuronha/runtime/metrics.ts'
import { afterEach, describe, expect, it } from 'vitest'
import { addAgentApi } from './app.ts'
import { createAuthenticator } from './auth.ts'
import { builtinModel } from './providers/builtin.ts'
import { HOST_OPTIONS } from './start.ts'
import { FakeStore, SESSION_ID } from './testing.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()))
})

const setUp = async (): Promise<{ app: App; store: FakeStore }> => {
  const store = new FakeStore()
  store.addKey('nha_user', 'user')
  store.addKey('nha_reader', 'read-only')
  const host = await createHttpHost({
    ...HOST_OPTIONS,
    config: {
      replica: 'test-agent-1',
      listen: { address: '127.0.0.1', port: 0 },
      drainNoticeMs: 0,
      drainFinishMs: 100,
    },
    logger: createSilentLogger(),
    metrics: createMetrics({ prefix: 'neurondb_agent_', replica: 'r', processMetrics: false }),
    health: createHealth(),
  })
  closing.push(() => host.close())
  await addAgentApi(host.app, {
    database: store.database,
    records: store.records,
    authenticator: createAuthenticator(store.database, { now: () => store.now }),
    provider: builtinModel,
    signingKey: 'for tests',
  })
  return { app: host.app, store }
}

const MESSAGES = `/api/v1/sessions/${SESSION_ID}/messages`
const post = (app: App, payload: object, headers: Record<string, string> = {}) =>
  app.inject({
    method: 'POST',
    url: MESSAGES,
    payload,
    headers: { authorization: 'Bearer nha_user', ...headers },
  })

describe('POST messages', () => {
  it('answers with message and answer, and where the write ended', async () => {
    const { app } = await setUp()
    const response = await post(app, { content: 'Hello' })
    expect(response.statusCode).toBe(201)
    expect(response.json<Exchange>()).toMatchObject({
      message: { role: 'user', content: 'Hello' },
      answer: { role: 'assistant' },
    })
    expect(response.headers[HEADERS.lastWrite]).toMatch(/^0-1\.1\./)
    expect(response.headers['set-cookie']).toMatch(/^neuronha_last_write=0-1\.1\./)
  })

  it('stores one message for the same key twice', async () => {
    const { app, store } = await setUp()
    const headers = { [HEADERS.idempotencyKey]: 'key-1' }
    const first = await post(app, { content: 'Hello' }, headers)
    const second = await post(app, { content: 'Hello' }, headers)
    expect(second.json()).toEqual(first.json())
    expect(store.messages).toHaveLength(2)
  })

  it('streams the stored message, the answer in pieces, and the stored answer', async () => {
    const { app, store } = await setUp()
    const response = await post(app, { content: 'Tell me about the primary', stream: true })
    const events = [...response.body.matchAll(/^event: (.+)\nid: (.+)\ndata: (.+)$/gm)]
    const names = events.map(([, name]) => name)
    expect(response.headers['content-type']).toContain('text/event-stream')
    expect(response.headers['x-accel-buffering']).toBe('no')
    expect([names[0], names[1], names.at(-1)]).toEqual(['message', 'chunk', 'done'])
    const pieces = events
      .filter(([, name]) => name === 'chunk')
      .map(([, , , data]) => (JSON.parse(data ?? '') as { content: string }).content)
    expect(pieces.join('')).toBe(store.messages[1]?.content)
    expect(events.at(-1)?.[2]).toBe(store.messages[1]?.id)
  })

  it('refuses no key, an unknown key and a key that may only read', async () => {
    const { app, store } = await setUp()
    const statusWith = async (authorization: string): Promise<number> =>
      (await post(app, { content: 'x' }, { authorization })).statusCode
    expect(await statusWith('')).toBe(401)
    expect(await statusWith('Bearer nha_unknown')).toBe(401)
    expect(await statusWith('Bearer nha_reader')).toBe(403)
    expect(store.messages).toHaveLength(0)
  })

  it('refuses a body with words that it does not know', async () => {
    const { app } = await setUp()
    const response = await post(app, { content: 'x', role: 'system', loud: true })
    expect(response.statusCode).toBe(400)
    expect(response.json<{ errors: unknown[] }>().errors).toHaveLength(2)
  })
})

describe('the API’s document', () => {
  it('names every route, without a key', async () => {
    const { app } = await setUp()
    await app.ready()
    const document = (await app.inject({ url: '/openapi.json' })).json<{ paths: object }>()
    expect(Object.keys(document.paths).sort()).toEqual([
      '/api/v1/agents',
      '/api/v1/agents/{id}',
      '/api/v1/agents/{id}/sessions',
      '/api/v1/messages/search',
      '/api/v1/sessions',
      '/api/v1/sessions/{id}',
      '/api/v1/sessions/{id}/messages',
    ])
  })
})

describe('migrations', () => {
  it('make the idempotency records as the runtime wants them', async () => {
    const path = new URL('./migrations/0001_agents_sessions_messages.sql', import.meta.url)
    expect(await readFile(path, 'utf8')).toContain(IDEMPOTENCY_TABLE_SQL)
  })
})
