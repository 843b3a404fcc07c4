import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createMetrics } from './metrics.ts'
import { createUpstreamClient, isRepeatable, type UpstreamClient } from './upstream-client.ts'

const servers: Server[] = []
const clients: UpstreamClient[] = []
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()))
  for (const server of servers.splice(0)) server.close()
})

const aServer = (listener: RequestListener): Promise<string> =>
  new Promise((resolve) => {
    const server = createServer(listener)
    servers.push(server)
    server.listen(0, '127.0.0.1', () => {
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/agent`)
    })
  })

const aClient = (urls: string[]): UpstreamClient => {
  const client = createUpstreamClient({
    name: 'agent',
    config: { urls, serverName: 'edge', apiKey: 'nha_key' },
    metrics: createMetrics({ prefix: 'test_', replica: 'r', processMetrics: false }),
  })
  clients.push(client)
  return client
}

describe('createUpstreamClient', () => {
  it('asks again when a balancer or a draining replica refuses a harmless request', async () => {
    let asked = 0
    const url = await aServer((request, response) => {
      asked += 1
      response.statusCode = asked === 1 ? 503 : 200
      response.end(JSON.stringify({ path: request.url, key: request.headers.authorization }))
    })
    const answer = await aClient([url]).json({
      method: 'GET',
      path: '/api/v1/x',
      query: { q: 'a b' },
    })
    expect(asked).toBe(2)
    expect(answer).toEqual({ path: '/agent/api/v1/x?q=a+b', key: 'Bearer nha_key' })
  })

  it('goes to the next edge when one is gone', async () => {
    const url = await aServer((_request, response) => response.end('"here"'))
    const client = aClient(['http://127.0.0.1:1/agent', url])
    expect(await client.json({ method: 'GET', path: '/x' })).toBe('here')
  })

  it('sends a POST without a key once only', async () => {
    let asked = 0
    const url = await aServer((_request, response) => {
      asked += 1
      response.statusCode = 503
      response.end('{"detail":"not now"}')
    })
    const work = aClient([url]).json({ method: 'POST', path: '/x', body: {} })
    await expect(work).rejects.toMatchObject({ code: 'UPSTREAM_FAILED', message: 'not now' })
    expect(asked).toBe(1)
  })

  it('gives up in time when nothing answers', async () => {
    const url = await aServer(() => undefined)
    const work = aClient([url]).request({ method: 'POST', path: '/x', timeoutMs: 50 })
    await expect(work).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' })
  })
})

describe('isRepeatable', () => {
  it('takes safe methods and keyed posts, and never a stream', () => {
    const keyed = { 'idempotency-key': 'k' }
    expect(isRepeatable({ method: 'GET', path: '/' })).toBe(true)
    expect(isRepeatable({ method: 'POST', path: '/' })).toBe(false)
    expect(isRepeatable({ method: 'POST', path: '/', headers: keyed })).toBe(true)
    const body = (async function* () {
      yield await Promise.resolve(Buffer.from('x'))
    })()
    expect(isRepeatable({ method: 'POST', path: '/', headers: keyed, body })).toBe(false)
  })
})
