import { setTimeout as delay } from 'node:timers/promises'
import { run } from '@neuronha/runtime/exec.ts'
import { afterAll, describe, expect, it } from 'vitest'
import { addressesOf } from '@neuronha/core/topology/containers.ts'
import { cluster, fetchHttps, untilHealthy } from './cluster.ts'

afterAll(async () => {
  await run('docker', ['start', `${cluster().spec.name}-agent-1`])
  await untilHealthy()
})

describe('a service that is told to stop', () => {
  it('answers 503 to what it has not begun, so that the edge retries elsewhere, and drops nothing', async () => {
    const { spec, ca, secrets, fetchEdge } = cluster()
    const name = `${spec.name}-agent-1`
    const address = addressesOf(spec, 'agent')[0] ?? ''
    const { certificate = '', key = '' } = secrets.certificates['cli'] ?? {}
    const direct = (path: string) =>
      fetchHttps(
        `https://${address}:8080${path}`,
        { timeoutMs: 3000 },
        { ca, cert: certificate, key, servername: 'agent' },
      )

    const outcomes: number[] = []
    let stop = false
    const load = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (!stop) outcomes.push((await fetchEdge('/agent/api/v1/agents?limit=1')).status)
      }),
    )
    await delay(500)
    await run('docker', ['kill', '--signal', 'SIGTERM', name])
    await delay(300)
    const drainingHealth = await direct('/health')
    const drainingRequest = await direct('/api/v1/agents')
    await delay(4000)
    stop = true
    await load
    expect(drainingHealth.status).toBe(503)
    expect(drainingRequest.status).toBe(503)
    expect(drainingRequest.json()).toMatchObject({ code: 'DRAINING' })
    expect(drainingRequest.headers['retry-after']).toBeTruthy()
    expect(outcomes.length).toBeGreaterThan(50)
    expect(outcomes.filter((status) => status !== 200)).toEqual([])
  })
})
