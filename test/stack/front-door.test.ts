import { request } from 'node:http'
import { beforeAll, describe, expect, it } from 'vitest'
import { aSession, cluster, sqlOn, statusOf } from './cluster.ts'

let sessionId = ''
beforeAll(async () => {
  sessionId = (await aSession()).sessionId
})

const postMessage = (content: string, headers: Record<string, string> = {}) =>
  cluster().fetchEdge(`/agent/api/v1/sessions/${sessionId}/messages`, {
    method: 'POST',
    headers,
    body: { content },
  })

interface Exchange {
  readonly message: { readonly id: string; readonly content: string }
  readonly answer: { readonly id: string; readonly content: string }
}
interface Page {
  readonly items: readonly { readonly id: string; readonly content: string }[]
}

describe('a conversation through the front door', () => {
  it('stores the message and its answer, and reads both back', async () => {
    const { fetchEdge } = cluster()
    const posted = await postMessage('remember the milk')
    expect(posted.status, posted.text).toBe(201)
    const { message, answer } = posted.json() as Exchange
    const read = await fetchEdge(`/agent/api/v1/sessions/${sessionId}/messages`, {
      headers: { 'x-neuronha-last-write': String(posted.headers['x-neuronha-last-write']) },
    })
    const ids = (read.json() as Page).items.map((item) => item.id)
    expect(ids).toContain(message.id)
    expect(ids).toContain(answer.id)
  })

  it('streams the answer as server-sent events that end with done', async () => {
    const { fetchEdge } = cluster()
    const streamed = await fetchEdge(`/agent/api/v1/sessions/${sessionId}/messages`, {
      method: 'POST',
      headers: { accept: 'text/event-stream' },
      body: { content: 'stream this', stream: true },
    })
    expect(streamed.headers['content-type']).toMatch(/text\/event-stream/)
    const events = [...streamed.text.matchAll(/^event: (\w+)$/gm)].map((match) => match[1])
    expect(events[0]).toBe('message')
    expect(events).toContain('chunk')
    expect(events.at(-1)).toBe('done')
  })

  it('lets a client that wrote see its own write at once, whoever answers', async () => {
    const { fetchEdge } = cluster()
    for (let round = 0; round < 20; round++) {
      const posted = await postMessage(`round ${round}`)
      const token = String(posted.headers['x-neuronha-last-write'])
      const read = await fetchEdge(
        `/agent/api/v1/sessions/${sessionId}/messages?limit=200&search=${encodeURIComponent(`round ${round}`)}`,
        {
          headers: { 'x-neuronha-last-write': token },
        },
      )
      const { message } = posted.json() as Exchange
      expect(
        (read.json() as Page).items.map(({ id }) => id),
        `round ${round}`,
      ).toContain(message.id)
    }
  })
})

describe('an Idempotency-Key', () => {
  it('makes a repeated POST answer what the first one answered, once in the database', async () => {
    const key = crypto.randomUUID()
    const content = `once ${key}`
    const answers = await Promise.all(
      [1, 2, 3, 4].map(() => postMessage(content, { 'idempotency-key': key })),
    )
    const settled = await postMessage(content, { 'idempotency-key': key })
    expect(settled.status).toBe(201)
    const ids = answers
      .filter(({ status }) => status === 201)
      .map((answer) => (answer.json() as Exchange).message.id)
    expect(new Set([...ids, (settled.json() as Exchange).message.id]).size).toBe(1)
    expect(answers.every(({ status }) => status === 201 || status === 409)).toBe(true)
    const { members } = await statusOf()
    const primary = members.find(({ role }) => role === 'primary')?.name ?? ''
    const rows = await sqlOn(
      primary,
      `select count(*) from neurondb_agent.messages where content = 'once ${key}'`,
    )
    expect(rows.trim()).toBe('1')
  })

  it('refuses another body under the same key', async () => {
    const key = crypto.randomUUID()
    await postMessage('one', { 'idempotency-key': key })
    const other = await postMessage('two', { 'idempotency-key': key })
    expect(other.status).toBe(422)
    expect(other.json()).toMatchObject({ code: 'IDEMPOTENCY_MISMATCH' })
  })
})

describe('the edge', () => {
  it('redirects plain HTTP to HTTPS at the published port', async () => {
    const { spec } = cluster()
    const location = await new Promise<string | undefined>((resolve, reject) => {
      request({ port: spec.edge.httpPort, host: 'localhost', path: '/agent/x?y=1' }, (response) => {
        response.resume()
        resolve(response.headers.location)
      })
        .on('error', reject)
        .end()
    })
    expect(location).toBe(`https://localhost:${spec.edge.httpsPort}/agent/x?y=1`)
  })

  it.each([
    '/agent/metrics',
    '/agent/livez',
    '/agent/readyz',
    '/agent/health',
    '/api/metrics',
    '/metrics',
    '/livez',
    '/mcp/metrics',
  ])('keeps %s to itself', async (path) => {
    const response = await cluster().fetchEdge(path)
    const isConsole = response.headers['content-type']?.includes('text/html') ?? false
    expect(
      isConsole || response.status === 404,
      `${response.status} ${response.text.slice(0, 80)}`,
    ).toBe(true)
    expect(response.text).not.toMatch(/process_cpu|# HELP/)
  })

  it('answers problem+json with a stable code for every error', async () => {
    const { fetchEdge } = cluster()
    const noKey = await fetchEdge('/agent/api/v1/agents', { key: null })
    expect(noKey.status).toBe(401)
    expect(noKey.headers['content-type']).toMatch(/application\/problem\+json/)
    expect(noKey.json()).toMatchObject({ code: 'UNAUTHENTICATED', status: 401 })
    const bad = await fetchEdge('/agent/api/v1/agents', {
      method: 'POST',
      body: { name: '', nope: 1 },
    })
    expect(bad.status).toBe(400)
    expect((bad.json() as { errors: unknown[] }).errors.length).toBeGreaterThan(1)
    const none = await fetchEdge('/agent/api/v1/agents/00000000-0000-7000-8000-000000000000')
    expect(none.json()).toMatchObject({ code: 'NOT_FOUND' })
  })

  it('refuses a body above the limit', async () => {
    const response = await cluster().fetchEdge('/agent/api/v1/agents', {
      method: 'POST',
      body: { name: 'big', system_prompt: 'x'.repeat(5 * 1024 * 1024) },
    })
    expect(response.status).toBe(413)
  })

  it('passes the trace on and gives every answer a request id', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    const response = await cluster().fetchEdge('/agent/api/v1/agents', { headers: { traceparent } })
    expect(response.headers['x-request-id']).toBeTruthy()
  })
})
