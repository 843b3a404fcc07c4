/** The same promises with the other edge: the shared cluster is changed to HAProxy, drilled, and changed back. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseDocument } from 'yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aSession, cluster, statusOf, untilHealthy } from './cluster.ts'
import { drill } from './drill.ts'
import { CLUSTER_FILE, neuronha } from './neuronha.ts'

let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neuronha-haproxy-'))
  const document = parseDocument(await readFile(CLUSTER_FILE, 'utf8'))
  document.setIn(['edge', 'kind'], 'haproxy')
  const file = join(folder, 'cluster.yaml')
  await writeFile(file, document.toString())
  const { code, stderr } = await neuronha(['up', '--yes', '-f', file])
  expect(code, stderr).toBe(0)
})

afterAll(async () => {
  await neuronha(['up', '--yes', '-f', CLUSTER_FILE])
  await rm(folder, { recursive: true, force: true })
  await untilHealthy()
})

describe('with HAProxy at the edge', () => {
  it('the cluster is healthy and the front door answers', async () => {
    const status = await statusOf()
    expect(status.edges[0]).toMatchObject({ kind: 'haproxy', healthy: true })
    const { sessionId } = await aSession()
    const streamed = await cluster().fetchEdge(`/agent/api/v1/sessions/${sessionId}/messages`, {
      method: 'POST',
      body: { content: 'through HAProxy', stream: true },
    })
    expect(streamed.text).toMatch(/^event: done$/m)
  })

  it.each([['primary-crash'], ['service-kill', '--service', 'agent']])(
    'drill %s %s %s passes',
    async (...args) => {
      const result = await drill(args.filter(Boolean))
      expect(result).toMatchObject({ lost: 0, duplicated: 0, clientErrors: 0 })
      await untilHealthy()
    },
  )
})
