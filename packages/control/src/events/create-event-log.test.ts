import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { PlatformEvent } from '@neuronha/core/contracts/coordination.ts'
import { createEventLog } from './create-event-log.ts'
import { FakeKv } from './testing.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

const aLog = (capacity?: number) => {
  const kv = new FakeKv()
  const lines: string[] = []
  const write = (_fields: unknown, text: string) => void lines.push(text)
  const log = createEventLog({
    kv,
    cluster: 'demo',
    source: 'demo-controller-1',
    actor: 'controller',
    logger: { info: write, warn: write, error: write } as never,
    ...(capacity === undefined ? {} : { capacity }),
  })
  const events = (): readonly PlatformEvent[] =>
    kv.keys.map((key) => JSON.parse(kv.values.get(key)?.value ?? '') as PlatformEvent)
  const summaries = () => events().map(({ summary }) => summary)
  return { kv, log, lines, events, summaries }
}

const numbered = (n: number) => ({ kind: 'test.event', summary: `event ${n}` })

test('events are in etcd in the order of their recording, numbered and signed', async () => {
  const { log, events, summaries } = aLog()
  for (let n = 1; n <= 100; n += 1) log.record(numbered(n))
  await log.flush(1000)
  expect(log.waiting()).toBe(0)
  expect(summaries()).toEqual(Array.from({ length: 100 }, (_, index) => `event ${index + 1}`))
  expect(events()[0]).toMatchObject({
    source: 'demo-controller-1',
    actor: 'controller',
    severity: 'info',
    target: null,
    evidence: {},
  })
})

test('an event that the caller cannot describe as JSON disturbs nobody', async () => {
  const { log, events } = aLog()
  log.record({ kind: 'test.event', summary: 'odd', evidence: { big: 1n } as never })
  await log.flush(1000)
  expect(events()[0]?.evidence).toEqual({ big: '1' })
})

test('while etcd is away events wait, in order, and are written when it is back', async () => {
  const { kv, log, summaries } = aLog()
  kv.isAway = true
  for (let n = 1; n <= 40; n += 1) log.record(numbered(n))
  await vi.advanceTimersByTimeAsync(20_000)
  expect(log.waiting()).toBe(40)
  log.record(numbered(41))
  kv.isAway = false
  await vi.advanceTimersByTimeAsync(5000)
  expect(summaries()).toEqual(Array.from({ length: 41 }, (_, index) => `event ${index + 1}`))
})

test('what had no room is logged at once, and is an event when etcd is back', async () => {
  const { kv, log, lines, events } = aLog(3)
  kv.isAway = true
  log.record({ ...numbered(1), severity: 'critical' })
  for (let n = 2; n <= 6; n += 1) log.record(numbered(n))
  await vi.advanceTimersByTimeAsync(1000)
  expect(log.waiting()).toBe(3)
  expect(lines.filter((line) => line.includes('will be missing'))).toHaveLength(3)
  kv.isAway = false
  await vi.advanceTimersByTimeAsync(10_000)
  const [first, ...rest] = events()
  expect(first?.summary).toBe('event 1')
  expect(rest.map(({ summary }) => summary).slice(0, 2)).toEqual(['event 5', 'event 6'])
  expect(rest.at(-1)).toMatchObject({
    kind: 'events.dropped',
    severity: 'warning',
    evidence: { kinds: { 'test.event': 3 } },
  })
})

test('flush gives up at its deadline, and waits for nothing that came after it', async () => {
  const { kv, log } = aLog()
  kv.isAway = true
  log.record(numbered(1))
  let isOver = false
  const flushed = log.flush(500).then(() => (isOver = true))
  await vi.advanceTimersByTimeAsync(400)
  expect(isOver).toBe(false)
  await vi.advanceTimersByTimeAsync(200)
  await flushed
  kv.isAway = false
  await vi.advanceTimersByTimeAsync(5000)
  await log.flush(0)
  expect(log.waiting()).toBe(0)
})

test('a log that is closed while etcd is away ends at once', async () => {
  const { kv, log } = aLog()
  kv.isAway = true
  log.record(numbered(1))
  const flushing = log.flush(60_000)
  await vi.advanceTimersByTimeAsync(10)
  await log.close()
  await flushing
  expect(vi.getTimerCount()).toBe(0)
})

test('an event that is recorded the moment the last one is written is written too', async () => {
  const { log, summaries } = aLog()
  for (let n = 1; n <= 5; n += 1) {
    log.record(numbered(n))
    await log.flush(1000)
  }
  expect(log.waiting()).toBe(0)
  expect(summaries()).toHaveLength(5)
})
