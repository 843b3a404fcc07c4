import type { DirectClient } from '@neuronha/runtime/postgres/direct-client.ts'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Witnesses } from './witnesses.ts'
import { PROBE_EVERY_MS } from './write-probe.ts'

const MEMBERS = ['m1', 'm2'].map((name, n) => ({ name, address: `10.0.0.${n + 1}` }))
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Members that write or refuse, as the test says, and an etcd that names the leader. */
function aCluster() {
  const answers: Record<string, () => Promise<readonly Record<string, unknown>[]>> = {
    m1: () => Promise.resolve([]),
    m2: () => Promise.resolve([{ pg_is_in_recovery: true, in_recovery: true }]),
  }
  const close = () => Promise.resolve()
  const witnesses = new Witnesses({
    members: MEMBERS,
    connectProbe: ({ name }) =>
      ({ query: () => answers[name]?.() ?? Promise.resolve([]), close }) as unknown as DirectClient,
    connectObserver: () => ({ query: () => Promise.resolve([]), close }),
    http: { get: () => Promise.reject(new TypeError('not asked here')) } as never,
    onWrite: () => undefined,
    onUnease: () => undefined,
    now: () => performance.now(),
  })
  const lead = (name: string): void =>
    witnesses.look({
      askedAt: performance.now(),
      seenAt: performance.now(),
      leader: { name, modRevision: '1', lease: '1' },
      sync: null,
      config: null,
      statusModRevision: String(performance.now()),
      members: new Map(),
    })
  return { witnesses, answers, lead }
}

it('a primary that refuses is remembered when another one leads before anybody asked, until that one writes', async () => {
  const { witnesses, answers, lead } = aCluster()
  lead('m1')
  await pass(3 * PROBE_EVERY_MS)
  expect(witnesses.refusingPrimary()).toBeUndefined()
  answers['m1'] = () => Promise.reject(Object.assign(new Error('gone'), { code: 'ECONNREFUSED' }))
  answers['m2'] = answers['m1']
  await pass(2 * PROBE_EVERY_MS)
  // The look that would have asked took long, and the next one finds another leader.
  lead('m2')
  expect(witnesses.refusingPrimary()).toBe('m1')
  answers['m2'] = () => Promise.resolve([])
  await pass(3 * PROBE_EVERY_MS)
  expect(witnesses.refusingPrimary()).toBeUndefined()
  await witnesses.close()
})
