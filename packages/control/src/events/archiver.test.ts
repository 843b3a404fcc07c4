import { expect, test } from 'vitest'
import type { NewEvent, PlatformEvent } from '@neuronha/core/contracts/coordination.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { Archiver } from './archiver.ts'
import { createEventStore } from './event-store.ts'
import { anEvent, fill, FakeKv } from './testing.ts'

const anArchiver = (capacity = 1000) => {
  const kv = new FakeKv()
  const archived = new Map<string, PlatformEvent>()
  const state = {
    meanwhile: () => Promise.resolve(),
    isActive: true,
    hasPrimary: true,
    nowMs: 0,
    appends: 0,
    forgets: 0,
    old: 0,
  }
  const recorded: NewEvent[] = []
  const told: PlatformEvent[] = []
  const warned: string[] = []
  const archiver = new Archiver({
    store: createEventStore(kv, 'demo'),
    archive: {
      append: async (events) => {
        state.appends += 1
        if (!state.hasPrimary)
          throw new PlatformError('DATABASE_UNAVAILABLE', 'no member is primary')
        for (const event of events) archived.set(event.id, event)
        await state.meanwhile()
      },
      forgetOld: () => {
        state.forgets += 1
        return Promise.resolve(state.old)
      },
      close: () => Promise.resolve(),
    },
    log: { record: (event) => void recorded.push(event) },
    isActive: () => state.isActive,
    logger: {
      info: () => undefined,
      warn: (_: unknown, text: string) => void warned.push(text),
    } as never,
    onEvent: (event) => void told.push(event),
    capacity,
    now: () => state.nowMs,
  })
  return { kv, archiver, archived, state, recorded, told, warned }
}

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n + 1)

test('moves every event, oldest first, and leaves nothing in etcd', async () => {
  const { kv, archiver, archived, told } = anArchiver()
  await fill(
    kv,
    range(450).map((n) => anEvent(n)),
  )
  await archiver.turn()
  expect(kv.keys).toEqual([])
  expect([...archived.values()].map(({ summary }) => summary)).toEqual(
    range(450).map((n) => `event ${n}`),
  )
  expect(told).toHaveLength(450)
  expect(archiver.waiting()).toBe(0)
})

test('a controller that is not the active one touches nothing', async () => {
  const { kv, archiver, state, archived, told } = anArchiver()
  state.isActive = false
  await fill(kv, [anEvent(1)])
  await archiver.turn()
  expect([kv.keys.length, archived.size, told.length]).toEqual([1, 0, 0])
})

test('without a primary events stay in etcd, are told of once, and the tries grow seldom', async () => {
  const { kv, archiver, state, told, warned, archived } = anArchiver()
  state.hasPrimary = false
  await fill(kv, [anEvent(1), anEvent(2)])
  for (let second = 0; second < 60; second += 1) {
    state.nowMs = second * 1000
    await archiver.turn()
  }
  expect(kv.keys).toHaveLength(2)
  expect(told).toHaveLength(2)
  expect(state.appends).toBeLessThan(30)
  expect(warned).toHaveLength(1)
  state.hasPrimary = true
  state.nowMs += 15_000
  await archiver.turn()
  expect([kv.keys.length, archived.size]).toEqual([0, 2])
})

test('died between archiving and deleting: the next one archives again and then deletes', async () => {
  const { kv, archiver, archived } = anArchiver()
  await fill(kv, [anEvent(1), anEvent(2)])
  archived.set(anEvent(1).id, anEvent(1))
  await archiver.turn()
  expect([kv.keys.length, archived.size]).toEqual([0, 2])
})

test('deletes exactly what it archived: an event that came meanwhile stays', async () => {
  const { kv, archiver, state } = anArchiver()
  await fill(kv, [anEvent(1)])
  const late = anEvent(9)
  state.meanwhile = async () => {
    state.isActive = false
    await fill(kv, [late])
  }
  await archiver.turn()
  expect(kv.keys).toEqual([`/neuronha/demo/events/${late.id}`])
})

test('an event that cannot be read does not hold up those behind it', async () => {
  const { kv, archiver, archived } = anArchiver()
  await kv.transaction([], [{ put: '/neuronha/demo/events/000000000broken', value: '{' }])
  await fill(kv, [anEvent(1)])
  await archiver.turn()
  expect(kv.keys).toEqual([])
  expect([...archived.values()].map(({ kind }) => kind)).toEqual([
    'events.unreadable',
    'test.event',
  ])
})

test('over the bound the oldest of the least severe go, and that is an event', async () => {
  const { kv, archiver, state, recorded } = anArchiver(500)
  state.hasPrimary = false
  await fill(
    kv,
    range(510).map((n) => anEvent(n, { severity: n <= 100 ? 'critical' : 'info' })),
  )
  await archiver.turn()
  expect(kv.keys).toHaveLength(450)
  const left = kv.keys.map((key) => key.slice('/neuronha/demo/events/'.length))
  expect(left.slice(0, 100)).toEqual(range(100).map((n) => anEvent(n).id))
  expect(left[100]).toBe(anEvent(161).id)
  expect(recorded).toMatchObject([
    { kind: 'events.dropped', severity: 'warning', evidence: { kinds: { 'test.event': 60 } } },
  ])
  expect(archiver.waiting()).toBe(450)
})

test('with a primary nothing is given up, however many there are', async () => {
  const { kv, archiver, archived, recorded } = anArchiver(50)
  await fill(
    kv,
    range(300).map((n) => anEvent(n)),
  )
  await archiver.turn()
  expect([kv.keys.length, archived.size, recorded.length]).toEqual([0, 300, 0])
})

test('forgets what is too old once an hour, at once again while there is more', async () => {
  const { archiver, state } = anArchiver()
  const minutes = async (count: number): Promise<void> => {
    for (let minute = 0; minute < count; minute += 1) {
      state.nowMs += 60_000
      await archiver.turn()
    }
  }
  await archiver.turn()
  expect(state.forgets).toBe(0)
  state.old = 2000
  await minutes(3)
  expect(state.forgets).toBe(3)
  state.old = 0
  await minutes(60)
  expect(state.forgets).toBe(4)
})
