import { coordinationKeys, patroniKeys } from '@neuronha/core/contracts/coordination.ts'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { FakeKv } from '../planned/testing.ts'
import { FailoverLoop } from './failover-loop.ts'
import { aContainer, MEMBERS } from './testing.ts'
import { Witnesses } from './witnesses.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

const aStandbysAnswer = () => ({
  ...{ state: 'running', role: 'replica', timeline: 1, replication_state: 'streaming' },
  dcs_last_seen: Date.now() / 1000,
})

/** Patroni's keys while m1 leads four members in quorum commit. */
async function aLedCluster(): Promise<FakeKv> {
  const kv = new FakeKv()
  const { leader, members, sync, config } = patroniKeys('demo')
  for (const [index, name] of MEMBERS.entries()) {
    const role = name === 'm1' ? 'primary' : 'replica'
    const value = { state: 'running', role, timeline: 1 }
    await kv.put(`${members}${name}`, JSON.stringify(value), String(7 + index))
  }
  await kv.put(leader, 'm1', '7')
  await kv.put(sync, JSON.stringify({ leader: 'm1', sync_standby: 'm2,m3,m4', quorum: 2 }))
  await kv.put(config, JSON.stringify({ ttl: 20, synchronous_mode: 'quorum' }))
  return kv
}

/** The active controller, whose every question to a member is counted. */
function aController(kv: FakeKv, container: () => unknown = () => undefined) {
  const decisions: string[] = []
  const members = MEMBERS.map((name) => ({ name, address: name }))
  const now = () => Date.now()
  let questions = 0
  const observed: string[] = []
  const closed: string[] = []
  const connect = ({ name }: { readonly name: string }) =>
    ({
      query: () => {
        questions += 1
        return Promise.resolve([])
      },
      close: () => Promise.resolve(void closed.push(name)),
    }) as never
  const options = {
    ...{ cluster: 'demo', members, kv, now },
    engine: { inspect: () => Promise.resolve(container() as never) },
    http: {
      get: () => {
        questions += 1
        return Promise.resolve({ status: 200, body: JSON.stringify(aStandbysAnswer()) })
      },
    } as never,
    lease: { isActive: () => true, spareMs: () => 4000, createRevision: () => '42' },
    acts: {
      carryOut: ({ kind, reason = '' }: { kind: string; reason?: string }) => {
        decisions.push(`${kind} ${reason}`)
        return Promise.resolve(false)
      },
    } as never,
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
    connectObserver: (target) => {
      observed.push(target.name)
      return connect({ name: `observer of ${target.name}` })
    },
    onWrite: () => undefined,
    onUnease: () => undefined,
  })
  const loop = new FailoverLoop({ ...options, witnesses })
  const questionsDuring = async (ms: number): Promise<number> => {
    const before = questions
    await vi.advanceTimersByTimeAsync(ms)
    return questions - before
  }
  return { loop, questionsDuring, decisions, observed, closed }
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

test('a new primary is watched without connecting anew to those that were standbys before', async () => {
  const kv = await aLedCluster()
  const { loop, observed, closed } = aController(kv)
  const { leader } = patroniKeys('demo')
  const { switchover } = coordinationKeys('demo')
  loop.start()
  await vi.advanceTimersByTimeAsync(1000)
  expect(observed).toEqual(['m2', 'm3', 'm4'])
  await kv.put(leader, 'm2')
  await vi.advanceTimersByTimeAsync(2000)
  expect(observed.slice(3)).toEqual(['m1'])
  await kv.put(switchover, '{}')
  await vi.advanceTimersByTimeAsync(1000)
  await kv.put(leader, 'm3')
  await kv.delete(switchover)
  await vi.advanceTimersByTimeAsync(2000)
  expect(observed.slice(4)).toEqual(['m2'])
  const ofObservers = () => closed.filter((name) => name.startsWith('observer'))
  // the one to the primary that the switchover shuts down
  expect(ofObservers()).toEqual(['observer of m2'])
  await loop.close()
  expect(ofObservers().toSorted()).toEqual(observed.map((name) => `observer of ${name}`).toSorted())
})

test.each([
  ['is restarting', { restarting: true, status: 'restarting', pid: 0 }, 'intend container-crashed'],
  ['runs again', { startedAt: '2026-01-01T00:01:00.1Z' }, 'intend container-crashed'],
  ['stays ended', { running: false, status: 'exited', pid: 0 }, 'intend container-gone'],
])(
  'the primary’s container ended and %s: its standbys are asked, and a fence begins',
  async (_how, change, intent) => {
    let container = aContainer()
    const { loop, decisions } = aController(await aLedCluster(), () => container)
    loop.start()
    await vi.advanceTimersByTimeAsync(3000)
    expect(new Set(decisions)).toEqual(new Set(['nothing ']))
    container = aContainer(change)
    loop.wake()
    await vi.advanceTimersByTimeAsync(10)
    await loop.close()
    expect(decisions.at(-1)).toBe(intent)
  },
)
