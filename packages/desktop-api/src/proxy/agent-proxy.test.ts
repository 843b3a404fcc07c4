import { describe, expect, it } from 'vitest'
import { signWriteToken } from '@neuronha/runtime/write-token.ts'
import { anAgent, aReplica, signInAt, SIGNING_KEY, withAdmin } from '../testing.ts'

describe('the agent proxy', () => {
  it('passes on what the agent needs and keeps the browser’s cookies', async () => {
    const agent = anAgent()
    const replica = await aReplica({ tables: withAdmin(), agent })
    const { cookie, csrf } = await signInAt(replica)
    const written = signWriteToken({ lsn: '0/5000000', timeline: 1 }, SIGNING_KEY)
    await replica.host.app.inject({
      method: 'PUT',
      url: '/api/v1/agent/agents/0190f5e0-0000-7000-8000-000000000000?x=1',
      headers: {
        cookie: `${cookie}; neuronha_last_write=${written}`,
        'x-csrf-token': csrf,
        'if-match': '"3"',
        'idempotency-key': 'a-key',
        'x-request-id': 'request-1',
        'content-type': 'application/json',
        'x-forwarded-host': 'elsewhere',
      },
      payload: { name: 'n' },
    })
    const [request] = agent.requests
    expect(request?.path).toBe('/api/v1/agents/0190f5e0-0000-7000-8000-000000000000?x=1')
    expect(request?.headers).toEqual({
      'content-type': 'application/json',
      'idempotency-key': 'a-key',
      'if-match': '"3"',
      'x-neuronha-last-write': written,
      'x-request-id': 'request-1',
      traceparent: expect.stringMatching(/^00-/) as string,
    })
    expect(request?.body).toEqual(Buffer.from('{"name":"n"}'))
  })

  it('gives statuses, problems and Retry-After back as they came', async () => {
    const text = '{"code":"RATE_LIMITED"}'
    const headers = {
      'content-type': 'application/problem+json',
      'retry-after': '7',
      'set-cookie': ['neuronha_last_write=t; Path=/', 'other=1'],
      'x-neuronha-replica': 'the-agent',
    }
    const agent = anAgent({ status: 429, headers, text })
    const replica = await aReplica({ tables: withAdmin(), agent })
    const { cookie } = await signInAt(replica)
    const response = await replica.host.app.inject({
      url: '/api/v1/agent/agents',
      headers: { cookie },
    })
    expect(response.statusCode).toBe(429)
    expect(response.headers).toMatchObject({
      'content-type': 'application/problem+json',
      'retry-after': '7',
      'x-neuronha-replica': 'test-desktop-api-1',
    })
    expect(response.cookies.map(({ name }) => name)).toEqual(['neuronha_last_write'])
    expect(response.body).toBe(text)
  })

  it('lets a viewer look and nothing else', async () => {
    const agent = anAgent()
    const replica = await aReplica({ tables: withAdmin('viewer'), agent })
    const { cookie, csrf } = await signInAt(replica)
    const headers = { cookie, 'x-csrf-token': csrf }
    const url = '/api/v1/agent/agents'
    expect((await replica.host.app.inject({ url, headers })).statusCode).toBe(200)
    expect(
      (await replica.host.app.inject({ method: 'POST', url, headers, payload: {} })).statusCode,
    ).toBe(403)
    expect(agent.requests).toHaveLength(1)
  })

  it('asks for a session, and for its CSRF token where something may change', async () => {
    const agent = anAgent()
    const replica = await aReplica({ tables: withAdmin(), agent })
    const { cookie } = await signInAt(replica)
    const url = '/api/v1/agent/agents'
    expect((await replica.host.app.inject({ url })).statusCode).toBe(401)
    const headers = { cookie }
    expect(
      (await replica.host.app.inject({ method: 'POST', url, headers, payload: {} })).statusCode,
    ).toBe(403)
    expect(agent.requests).toHaveLength(0)
  })

  it('writes changes to the audit with how they ended, and leaves conversations out', async () => {
    const replica = await aReplica({ tables: withAdmin(), agent: anAgent({ status: 412 }) })
    const { cookie, csrf } = await signInAt(replica)
    const headers = { cookie, 'x-csrf-token': csrf }
    const send = (method: 'DELETE' | 'POST', path: string) =>
      replica.host.app.inject({ method, url: `/api/v1/agent${path}`, headers })
    await send('DELETE', '/agents/a')
    await send('POST', '/sessions/s/messages')
    await send('POST', '/sessions')
    const changes = replica.tables.audit.filter(({ action }) => action !== 'sign-in')
    expect(changes).toMatchObject([{ action: 'agent.DELETE', outcome: '412' }])
  })
})
