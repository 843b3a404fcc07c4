import { HEADERS } from '@neuronha/core/contracts/http-names.ts'
import { PROBLEM_CONTENT_TYPE, type Problem } from '@neuronha/core/contracts/problem.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { sleep } from './clock.ts'
import { createHealth, type Health } from './health.ts'
import { createHttpHost, type HttpHost } from './http-host.ts'
import { createSilentLogger } from './logger.ts'
import { createMetrics } from './metrics.ts'

const opened: HttpHost[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((host) => host.close()))
})

interface Fixture {
  /** Resolves when a request to /slow is being worked on. */
  readonly slowBegan: Promise<void>
  readonly host: HttpHost
  readonly health: Health
}

const aHost = async (drainNoticeMs = 0): Promise<Fixture> => {
  const health = createHealth()
  const host = await createHttpHost({
    config: {
      replica: 'test-agent-1',
      listen: { address: '127.0.0.1', port: 0 },
      drainNoticeMs,
      drainFinishMs: 2000,
    },
    logger: createSilentLogger(),
    metrics: createMetrics({ prefix: 'test_', replica: 'test-agent-1', processMetrics: false }),
    health,
    openApi: { title: 'Test', description: 'A test', version: '1' },
  })
  opened.push(host)
  host.app.post(
    '/things/:id',
    {
      schema: {
        params: z.strictObject({ id: z.uuid() }),
        body: z.strictObject({ name: z.string().min(1), size: z.int() }),
        response: { 200: z.object({ name: z.string() }) },
      },
    },
    (request) => ({ name: request.body.name, hidden: 'not in the contract' }),
  )
  host.app.get('/refused', { schema: { hide: true } }, () => {
    throw new PlatformError('UNAVAILABLE', 'Not now')
  })
  host.app.get('/broken', { schema: { hide: true } }, () => {
    throw new TypeError('the secret inside')
  })
  const slow = Promise.withResolvers<undefined>()
  host.app.get('/slow', { schema: { hide: true } }, async () => {
    slow.resolve(undefined)
    await sleep(150)
    return { done: true }
  })
  return { host, health, slowBegan: slow.promise }
}

const ID = '0190f5e0-0000-7000-8000-000000000000'

describe('createHttpHost', () => {
  it('lists every problem of a body that does not fit its schema', async () => {
    const { host } = await aHost()
    const response = await host.app.inject({
      method: 'POST',
      url: `/things/${ID}`,
      payload: { name: '', size: 'large', more: 1 },
    })
    const body = response.json<Problem>()
    expect(response.statusCode).toBe(400)
    expect(response.headers['content-type']).toContain(PROBLEM_CONTENT_TYPE)
    expect(body.code).toBe('BAD_REQUEST')
    expect(body.errors?.map(({ path }) => path).sort()).toEqual(['body', 'body.name', 'body.size'])
  })

  it('answers with what the contract says and nothing more', async () => {
    const { host } = await aHost()
    const response = await host.app.inject({
      method: 'POST',
      url: `/things/${ID}`,
      payload: { name: 'a', size: 1 },
    })
    expect(response.json()).toEqual({ name: 'a' })
    expect(response.headers[HEADERS.replica]).toBe('test-agent-1')
  })

  it('answers 404, malformed JSON and refusals as problems with the request id', async () => {
    const { host } = await aHost()
    const headers = { [HEADERS.requestId]: 'request-0001' }
    const missing = await host.app.inject({ url: '/nowhere', headers })
    expect(missing.json<Problem>()).toMatchObject({ code: 'NOT_FOUND', requestId: 'request-0001' })
    const malformed = await host.app.inject({
      method: 'POST',
      url: `/things/${ID}`,
      headers: { 'content-type': 'application/json' },
      payload: '{',
    })
    expect(malformed.json<Problem>().code).toBe('BAD_REQUEST')
    const refused = await host.app.inject({ url: '/refused' })
    expect(refused.statusCode).toBe(503)
    expect(refused.headers['retry-after']).toBe('1')
  })

  it('does not tell the caller what is inside a defect', async () => {
    const { host } = await aHost()
    const response = await host.app.inject({ url: '/broken' })
    expect(response.statusCode).toBe(500)
    expect(response.body).not.toContain('secret')
  })

  it('makes OpenAPI 3.1 from the schemas that validate', async () => {
    const { host } = await aHost()
    await host.app.ready()
    const document = (await host.app.inject({ url: '/openapi.json' })).json<{
      openapi: string
      paths: Record<string, { post: { responses: Record<string, unknown> } }>
    }>()
    expect(document.openapi).toBe('3.1.0')
    expect(Object.keys(document.paths)).toEqual(['/things/{id}'])
    expect(document.paths['/things/{id}']?.post.responses).toHaveProperty('default')
  })

  it('labels metrics by route template, never by the path', async () => {
    const { host } = await aHost()
    await host.app.inject({ method: 'POST', url: `/things/${ID}`, payload: { name: 'a', size: 1 } })
    await host.app.inject({ url: '/nowhere-at-all' })
    const text = (await host.app.inject({ url: '/metrics' })).body
    expect(text).toContain('route="/things/:id"')
    expect(text).toContain('replica="test-agent-1"')
    expect(text).not.toContain(ID)
    expect(text).not.toContain('nowhere-at-all')
  })

  it('is alive but not ready while a check fails', async () => {
    const { host, health } = await aHost()
    health.add('schema', () => ({ ok: false, detail: 'waiting' }))
    expect((await host.app.inject({ url: '/livez' })).statusCode).toBe(200)
    expect((await host.app.inject({ url: '/readyz' })).statusCode).toBe(503)
    const health503 = await host.app.inject({ url: '/health' })
    expect(health503.json()).toMatchObject({ checks: { schema: { detail: 'waiting' } } })
  })

  it('drains: finishes what was begun, refuses what was not, then closes', async () => {
    // long enough for all that is asked of a draining host, on a busy machine too
    const { host, slowBegan } = await aHost(1000)
    const port = await host.listen()
    const base = `http://127.0.0.1:${port}`
    const begun = fetch(`${base}/slow`)
    await slowBegan
    const closing = host.close()
    const late = await fetch(`${base}/slow`)
    expect(late.status).toBe(503)
    expect(late.headers.get('retry-after')).toBe('1')
    expect(late.headers.get('x-accel-redirect')).toBe('@elsewhere')
    expect(late.headers.get('connection')).toBe('close')
    expect(((await late.json()) as Problem).code).toBe('DRAINING')
    expect((await fetch(`${base}/livez`)).status).toBe(200)
    expect((await fetch(`${base}/readyz`)).status).toBe(503)
    expect(await (await begun).json()).toEqual({ done: true })
    await closing
    await expect(fetch(`${base}/livez`)).rejects.toThrow()
  })
})
