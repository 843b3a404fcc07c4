import { coordinationKeys, patroniKeys } from '@neuronha/core/contracts/coordination.ts'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { FakeKv } from '../planned/testing.ts'
import { FailoverLoop } from './failover-loop.ts'
import { MEMBERS } from './testing.ts'
import { Witnesses } from './witnesses.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

/** The active controller, whose every question to a member is counted. */
function aController(kv: FakeKv) {
  const members = MEMBERS.map((name) => ({ name, address: name }))
  const now = () => Date.now()
  let questions = 0
  const connect = () =>
    ({
      query: () => {
        questions += 1
        return Promise.resolve([])
      },
      close: () => Promise.resolve(),
    }) as never
  const options = {
    ...{ cluster: 'demo', members, kv, now },
    engine: { inspect: () => Promise.resolve(undefined) },
    http: {
      get: () => {
        questions += 1
        return Promise.reject(new Error('not reachable'))
      },
    } as never,
    lease: { isActive: () => true, spareMs: () => 4000, createRevision: () => '42' },
    acts: { carryOut: () => Promise.resolve(false) } as never,
    events: { record: () => undefined },
    logger: { info: () => undefined, warn: () => undefined } as never,
    onRead: () => undefined,
    onLook: () => undefined,
    onRest: () => undefined,
    onRefused: () => undefined,
  }
  const witnesses = new Witnesses({
    ...{ members, now, http: options.http },
    connectProbe: connect,
    connectObserver: connect,
    onWrite: () => undefined,
    onUnease: () => undefined,
  })
  const loop = new FailoverLoop({ ...options, witnesses })
  const questionsDuring = async (ms: number): Promise<number> => {
    const before = questions
    await vi.advanceTimersByTimeAsync(ms)
    return questions - before
  }
  return { loop, questionsDuring }
}

test('while a switchover shuts the primary down, no member is asked anything, and afterwards the new one is', async () => {
  const kv = new FakeKv()
  const keys = coordinationKeys('demo')
  await kv.put(patroniKeys('demo').leader, 'm1')
  const { loop, questionsDuring } = aController(kv)
  loop.start()
  expect(await questionsDuring(3000)).toBeGreaterThan(5)
  await kv.put(keys.switchover, '{}')
  await vi.advanceTimersByTimeAsync(1000)
  expect(await questionsDuring(10_000)).toBe(0)
  await kv.put(patroniKeys('demo').leader, 'm2')
  await kv.delete(keys.switchover)
  await vi.advanceTimersByTimeAsync(1000)
  expect(await questionsDuring(3000)).toBeGreaterThan(5)
  await loop.close()
})
