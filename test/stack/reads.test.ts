import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { runOk } from '@neuronha/runtime/exec.ts'
import { aSession, cluster, untilHealthy, untilStatus } from './cluster.ts'

let sessionId = ''
beforeAll(async () => {
  sessionId = (await aSession()).sessionId
})

const standbys = async (): Promise<readonly string[]> =>
  (await untilHealthy()).members.filter(({ role }) => role !== 'primary').map(({ name }) => name)

const read = (headers: Record<string, string> = {}) =>
  cluster().fetchEdge(`/agent/api/v1/sessions/${sessionId}/messages?limit=1`, { headers })

const write = (content: string) =>
  cluster().fetchEdge(`/agent/api/v1/sessions/${sessionId}/messages`, {
    method: 'POST',
    body: { content },
  })

async function readSources(count: number): Promise<ReadonlySet<string>> {
  const sources = new Set<string>()
  for (let index = 0; index < count; index++) {
    sources.add(String((await read()).headers['x-neuronha-read-from']))
  }
  return sources
}

/** Process ids, on this machine, of the processes that replay WAL on the standbys. */
async function replayProcesses(): Promise<readonly number[]> {
  const found = await Promise.all(
    (await standbys()).map(async (name) => {
      const { stdout } = await runOk('docker', ['top', name, '-eo', 'pid,args'])
      return Number(/^\s*(\d+)\s.*\bstartup recovering\b/m.exec(stdout)?.[1])
    }),
  )
  expect(found.every(Number.isInteger), 'a replay process on every standby').toBe(true)
  return found
}

/** Patroni resumes a replay that SQL paused, so the processes themselves are stopped. */
let stopped: readonly number[] = []
async function stopReplay(): Promise<void> {
  stopped = await replayProcesses()
  for (const pid of stopped) process.kill(pid, 'SIGSTOP')
}

afterEach(async () => {
  for (const pid of stopped) process.kill(pid, 'SIGCONT')
  stopped = []
  await untilHealthy()
})

describe('reads', () => {
  it('go to standbys while those are within the lag limit', async () => {
    await untilHealthy()
    expect(await readSources(12)).toEqual(new Set(['standby']))
  })

  it('leave standbys that have stopped replaying for longer than the limit', async () => {
    await stopReplay()
    await write('makes the standbys lag')
    const limitMs = cluster().spec.database.router.maxReadLag.ms
    await untilStatus('lag above the limit', ({ members }) =>
      members.every(({ role, lag_ms }) => role === 'primary' || (lag_ms ?? 0) > limitMs),
    )
    expect(await readSources(12)).toEqual(new Set(['primary']))
  })

  it('of a client that wrote go to the primary until a standby has the write', async () => {
    await stopReplay()
    const posted = await write('seen at once')
    const token = String(posted.headers['x-neuronha-last-write'])
    const response = await read({ 'x-neuronha-last-write': token })
    expect(response.headers['x-neuronha-read-from']).toBe('primary')
  })
})
