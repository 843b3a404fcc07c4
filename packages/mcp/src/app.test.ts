import { sleep } from '@neuronha/runtime/clock.ts'
import type { HttpHost } from '@neuronha/runtime/http-host.ts'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterEach, describe, expect, it } from 'vitest'
import { aHost, someSources, TEST_KEY } from './testing.ts'

const opened: HttpHost[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((host) => host.close()))
})

const opening = async (host: Promise<HttpHost>): Promise<HttpHost> => {
  opened.push(await host)
  return host
}

const HEADERS = {
  authorization: `Bearer ${TEST_KEY}`,
  accept: 'application/json, text/event-stream',
  'mcp-protocol-version': '2025-11-25',
}

const CALL = {
  jsonrpc: '2.0',
  id: 7,
  method: 'tools/call',
  params: { name: 'get_cluster_status', arguments: {} },
}

describe('NeuronMCP over HTTP', () => {
  it.each([
    ['no key', {}],
    ['a wrong key', { authorization: 'Bearer nha_wrong' }],
    ['another scheme', { authorization: `Basic ${TEST_KEY}` }],
  ])('refuses a request with %s and says what it wants', async (_what, authorization) => {
    const host = await opening(aHost(someSources()))
    const response = await host.app.inject({
      method: 'POST',
      url: '/mcp',
      headers: { accept: HEADERS.accept, ...authorization },
      payload: CALL,
    })
    expect(response.statusCode).toBe(401)
    expect(response.headers['www-authenticate']).toContain('Bearer realm="NeuronMCP"')
    expect(response.json()).toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  it('answers a call that comes without any session in one JSON body', async () => {
    const host = await opening(aHost(someSources()))
    const response = await host.app.inject({
      method: 'POST',
      url: '/mcp',
      headers: HEADERS,
      payload: CALL,
    })
    expect(response.statusCode).toBe(200)
    expect(response.headers['content-type']).toContain('application/json')
    expect(response.json()).toMatchObject({
      id: 7,
      result: { structuredContent: { cluster: 'neurondb', health: 'healthy' } },
    })
  })

  it('has no sessions to resume or to end', async () => {
    const host = await opening(aHost(someSources()))
    for (const method of ['GET', 'DELETE'] as const) {
      const response = await host.app.inject({ method, url: '/mcp', headers: HEADERS })
      expect(response.statusCode).toBe(405)
    }
  })

  it('refuses pages of another origin and serves those of its own', async () => {
    const host = await opening(aHost(someSources()))
    const from = (origin: string) =>
      host.app.inject({
        method: 'POST',
        url: '/mcp',
        headers: { ...HEADERS, host: 'cluster.test:8443', origin },
        payload: CALL,
      })
    expect((await from('https://elsewhere.test')).statusCode).toBe(403)
    expect((await from('null')).statusCode).toBe(403)
    expect((await from('https://cluster.test:8443')).statusCode).toBe(200)
  })

  it.each([
    ['2025-11-25', undefined],
    ['2026-07-28', { mode: { pin: '2026-07-28' } }],
  ])('serves a client of version %s', async (version, versionNegotiation) => {
    const host = await opening(aHost(someSources()))
    const port = await host.listen()
    const client = new Client(
      { name: 'test', version: '0' },
      versionNegotiation === undefined ? {} : { versionNegotiation },
    )
    const transport = new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${port}/mcp`), {
      requestInit: { headers: { authorization: `Bearer ${TEST_KEY}` } },
    })
    await client.connect(transport)
    expect(client.getNegotiatedProtocolVersion()).toBe(version)
    expect((await client.listTools()).tools).toHaveLength(3)
    const result = await client.callTool({ name: 'run_query', arguments: { sql: 'SELECT 1' } })
    expect(result.structuredContent).toMatchObject({ row_count: 3 })
    await client.close()
  })

  it('stops a tool whose client has left', async () => {
    let wasStopped = false
    const query = (_sql: string, signal: AbortSignal) =>
      sleep(5000, signal).then(
        () => ({ columns: [], rows: [], truncated: false, elapsedMs: 0 }),
        (reason: unknown) => {
          wasStopped = true
          throw reason
        },
      )
    const host = await opening(aHost(someSources({ query })))
    const port = await host.listen()
    const params = { name: 'run_query', arguments: { sql: 'SELECT 1' } }
    await fetch(`http://127.0.0.1:${port}/mcp`, {
      method: 'POST',
      headers: { ...HEADERS, 'content-type': 'application/json' },
      body: JSON.stringify({ ...CALL, params }),
      signal: AbortSignal.timeout(150),
    }).catch(() => undefined)
    await sleep(150)
    expect(wasStopped).toBe(true)
  })

  it('counts tool calls by their outcome', async () => {
    const host = await opening(aHost(someSources()))
    await host.app.inject({ method: 'POST', url: '/mcp', headers: HEADERS, payload: CALL })
    const metrics = await host.app.inject({ method: 'GET', url: '/metrics' })
    expect(metrics.body).toMatch(
      /neurondb_mcp_tool_calls_total\{[^}]*tool="get_cluster_status"[^}]*outcome="ok"[^}]*\} 1/,
    )
  })
})
