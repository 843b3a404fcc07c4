import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { assessCluster } from '../observe/assess-cluster.ts'
import { anObservation } from '../observe/testing.ts'
import { ObservationLoop } from './observation-loop.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

const aLoop = (isActive: () => boolean, isBusy = () => false) => {
  const looks: number[] = []
  const words: string[] = []
  let raw = anObservation()
  const log = (_fields: unknown, text: string) => void words.push(text)
  const loop = new ObservationLoop({
    observer: {
      observe: async () => {
        looks.push(Date.now())
        await new Promise((resolve) => setTimeout(resolve, 50))
        return assessCluster(raw)
      },
    },
    intervalMs: 1000,
    standbyIntervalMs: 5000,
    isActive,
    isBusy,
    logger: { info: log, warn: log, error: log } as never,
    now: () => Date.now(),
  })
  return { loop, looks, words, change: (to: typeof raw) => (raw = to) }
}

test('the active one looks every interval, a standby seldom', async () => {
  const active = aLoop(() => true)
  active.loop.start()
  const standby = aLoop(() => false)
  standby.loop.start()
  await vi.advanceTimersByTimeAsync(20_000)
  expect(active.looks.length).toBeGreaterThanOrEqual(20)
  expect(standby.looks.length).toBeGreaterThanOrEqual(4)
  expect(standby.looks.length).toBeLessThanOrEqual(6)
})

test('a standby that becomes active looks within one interval', async () => {
  let active = false
  const { loop, looks } = aLoop(() => active)
  loop.start()
  await vi.advanceTimersByTimeAsync(1500)
  active = true
  await vi.advanceTimersByTimeAsync(1100)
  expect(looks).toHaveLength(2)
})

test('while the primary is replaced a look waits up to five seconds, unless somebody asks for one', async () => {
  let busy = true
  const { loop, looks } = aLoop(
    () => true,
    () => busy,
  )
  loop.start()
  await vi.advanceTimersByTimeAsync(4500)
  expect(looks).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(15_000)
  expect(looks.length).toBeGreaterThanOrEqual(3)
  expect(looks.length).toBeLessThanOrEqual(5)
  const before = looks.length
  const asked = loop.fresh(0)
  await vi.advanceTimersByTimeAsync(100)
  expect((await asked).status.health).toBe('healthy')
  expect(looks).toHaveLength(before + 1)
  busy = false
  await vi.advanceTimersByTimeAsync(1500)
  expect(looks).toHaveLength(before + 2)
  await loop.close()
})

test('an answer that is fresh enough is reused; questions at once share one look', async () => {
  const { loop, looks } = aLoop(() => false)
  const both = Promise.all([loop.fresh(1000), loop.fresh(1000)])
  await vi.advanceTimersByTimeAsync(60)
  await both
  await loop.fresh(1000)
  expect(looks).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(2000)
  const later = loop.fresh(1000)
  await vi.advanceTimersByTimeAsync(60)
  await later
  expect(looks).toHaveLength(2)
})

test('a verdict is logged when it changes, not when a dead part changes its way of being dead', async () => {
  const { loop, words, change } = aLoop(() => true)
  const without = (why: string) =>
    anObservation({ prometheus: [{ name: 'demo-prometheus-1', answer: { ok: false, why } }] })
  loop.start()
  await vi.advanceTimersByTimeAsync(3000)
  change(without('no answer within 800 ms'))
  await vi.advanceTimersByTimeAsync(3000)
  change(without('connection refused'))
  await vi.advanceTimersByTimeAsync(3000)
  expect(words).toEqual(['the cluster is healthy', 'the cluster is degraded'])
})
