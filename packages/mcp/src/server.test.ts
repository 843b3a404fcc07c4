import { PlatformError } from '@neuronha/core/errors.ts'
import { Client } from '@modelcontextprotocol/client'
import { InMemoryTransport } from '@modelcontextprotocol/server'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createServerFactory } from './server.ts'
import type { Sources } from './sources/sources.ts'
import { aStatus, someSources } from './testing.ts'

const SILENT = { called: () => undefined, failed: () => undefined }

const aClient = async (changes: Partial<Sources> = {}): Promise<Client> => {
  const factory = createServerFactory({
    cluster: 'neurondb',
    sources: someSources(changes),
    observer: SILENT,
  })
  const server = await factory({ era: 'legacy' })
  const [near, far] = InMemoryTransport.createLinkedPair()
  const client = new Client({ name: 'test', version: '0' })
  await Promise.all([server.connect(far), client.connect(near)])
  onTestFinished(() => client.close())
  return client
}

const textOf = (result: { readonly content: readonly unknown[] }): string => {
  const [first] = result.content as readonly { readonly text?: string }[]
  return first?.text ?? ''
}

describe('the MCP server', () => {
  it('offers three tools, each read-only and with schemas for what goes in and comes out', async () => {
    const client = await aClient()
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name).sort()).toEqual([
      'get_cluster_status',
      'run_query',
      'search_messages',
    ])
    for (const tool of tools) {
      expect(tool.annotations?.readOnlyHint).toBe(true)
      expect(tool.inputSchema.type).toBe('object')
      expect(tool.outputSchema?.['type']).toBe('object')
    }
  })

  it('gives the status as structure and in words', async () => {
    const reasons = ['neurondb-member-2 is 4.0 MB behind']
    const status = aStatus({ health: 'degraded', reasons })
    const client = await aClient({ clusterStatus: () => Promise.resolve(status) })
    const result = await client.callTool({ name: 'get_cluster_status', arguments: {} })
    expect(result.structuredContent).toEqual(status)
    expect(textOf(result)).toContain('degraded')
    expect(textOf(result)).toContain('Primary: neurondb-member-1, timeline 3.')
    expect(textOf(result)).toContain(reasons[0])
  })

  it('says that there are more rows than it returns', async () => {
    const client = await aClient()
    const result = await client.callTool({ name: 'run_query', arguments: { sql: 'x', limit: 2 } })
    expect(result.structuredContent).toMatchObject({ row_count: 2, truncated: true })
    expect(textOf(result)).toContain('2 rows of more')
  })

  it('turns a failure into an error result with its code, and hides what a defect says', async () => {
    const refused = new PlatformError('QUERY_FAILED', 'cannot execute INSERT', {
      details: { sqlstate: '25006' },
    })
    const client = await aClient({
      query: () => Promise.reject(refused),
      clusterStatus: () => Promise.reject(new TypeError('a secret inside')),
    })
    const refusal = await client.callTool({ name: 'run_query', arguments: { sql: 'INSERT' } })
    expect(refusal.isError).toBe(true)
    expect(textOf(refusal)).toBe('QUERY_FAILED: cannot execute INSERT\nSQLSTATE 25006')
    expect(refusal._meta?.['neuronha/error']).toEqual({ code: 'QUERY_FAILED', retryable: false })
    const defect = await client.callTool({ name: 'get_cluster_status', arguments: {} })
    expect(textOf(defect)).toContain('INTERNAL')
    expect(textOf(defect)).not.toContain('secret')
  })

  it('refuses arguments that its schema does not know', async () => {
    const client = await aClient()
    const result = await client.callTool({
      name: 'run_query',
      arguments: { sql: 'x', role: 'owner' },
    })
    expect(result.isError).toBe(true)
  })

  it('passes the search on and shortens what it finds', async () => {
    const asked: unknown[] = []
    const item = {
      id: '0190f5e0-0000-7000-8000-000000000000',
      session_id: '0190f5e0-0000-7000-8000-000000000001',
      role: 'user' as const,
      content: 'x'.repeat(5000),
      metadata: {},
      created_at: '2026-11-23T12:00:00Z',
    }
    const client = await aClient({
      searchMessages: (search) => {
        asked.push(search)
        return Promise.resolve({ items: [item], next_cursor: 'further' })
      },
    })
    const result = await client.callTool({
      name: 'search_messages',
      arguments: { query: ' failover ', limit: 5 },
    })
    expect(asked).toEqual([{ query: 'failover', limit: 5, cursor: undefined }])
    expect(result.structuredContent).toMatchObject({
      items: [{ id: item.id, shortened: true }],
      next_cursor: 'further',
    })
    expect(textOf(result).length).toBeLessThan(2500)
  })
})
