import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { isServing } from '../../packages/control/src/apply/wait.ts'
import { cluster, crashContainer, inspect, statusOf, untilHealthy, untilStatus } from './cluster.ts'
import { startLoad } from './load.ts'
import { CLUSTER_NAME, neuronha } from './neuronha.ts'

/** One of each kind; a member is tried as standby and as primary. */
const KINDS = [
  'etcd',
  'router',
  'pooler',
  'agent',
  'desktop-api',
  'mcp',
  'console',
  'engine-proxy',
  'controller',
  'prometheus',
] as const

async function crashUnderLoad(name: string, backWithinMs = 5000): Promise<void> {
  const before = await inspect(name)
  const load = await startLoad()
  await delay(1000)
  await crashContainer(name)
  const crashedAt = Date.now()
  for (;;) {
    const now = await inspect(name)
    if (now.running && now.startedAt !== before.startedAt) break
    const downMs = Date.now() - crashedAt
    expect(downMs, `${name} was not restarted within ${backWithinMs} ms`).toBeLessThan(backWithinMs)
    await delay(100)
  }
  await untilStatus(`${name} serving again`, (status) => isServing(status, name))
  await load.stop()
  expect(load.sent()).toBeGreaterThan(10)
  expect(load.failures).toEqual([])
}

afterEach(async () => {
  await untilHealthy()
})

describe('the crash of a container is repaired and seen by no client:', () => {
  it.each(KINDS)('%s', async (kind) => {
    await crashUnderLoad(`${cluster().spec.name}-${kind}-1`)
  })

  it('a standby', async () => {
    const { members } = await statusOf()
    await crashUnderLoad(members.find(({ role }) => role !== 'primary')?.name ?? '')
  })

  it('the primary, which is kept down until a standby leads', async () => {
    const since = new Date().toISOString()
    const { members } = await statusOf()
    const before = members.find(({ role }) => role === 'primary')?.name ?? ''
    await crashUnderLoad(before, 30_000)
    await untilHealthy()
    const after = (await statusOf()).members.find(({ role }) => role === 'primary')?.name
    expect(after).not.toBe(before)
    // What was done, or why nothing could be.
    const { stdout } = await neuronha([
      ...['events', '--cluster', CLUSTER_NAME, '--json'],
      ...['--since', since, '--kind', 'failover.'],
    ])
    expect(stdout).toContain(`"target":"${before}"`)
  })
})

describe('the crash of the only edge', () => {
  it('lasts as long as its restart', async () => {
    const name = `${cluster().spec.name}-edge-1`
    const before = await inspect(name)
    await crashContainer(name)
    await untilStatus(`${name} serving again`, (status) => isServing(status, name), 15_000)
    expect((await inspect(name)).startedAt).not.toBe(before.startedAt)
  })
})
