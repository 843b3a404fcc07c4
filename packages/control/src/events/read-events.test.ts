import { expect, test } from 'vitest'
import type { PlatformEvent } from '@neuronha/core/contracts/coordination.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { parseSince } from '../commands/events.ts'
import { createEventStore } from './event-store.ts'
import { createReadEvents, type StoredQuery } from './read-events.ts'
import { anEvent, fill, FakeKv, START_MS } from './testing.ts'

interface Archived {
  readonly events?: readonly PlatformEvent[]
  readonly isPrimary?: boolean
  readonly isAway?: boolean
}

const aReader = async (waiting: readonly PlatformEvent[], archived: Archived = {}) => {
  const kv = new FakeKv()
  await fill(kv, waiting)
  const { events = [], isPrimary = true, isAway = false } = archived
  const read = createReadEvents(createEventStore(kv, 'demo'), {
    read: ({ limit }) =>
      isAway
        ? Promise.reject(new PlatformError('DATABASE_UNAVAILABLE', 'no member answers'))
        : Promise.resolve({ events: events.slice(-limit), member: 'demo-member-2', isPrimary }),
    close: () => Promise.resolve(),
  })
  const summaries = async (query: StoredQuery) =>
    (await read(query)).items.map(({ summary }) => summary.slice(6))
  return { kv, read, summaries }
}

test('both halves are one list, each event once, the newest last', async () => {
  const { read, summaries } = await aReader([anEvent(3), anEvent(4)], {
    events: [anEvent(1), anEvent(2), anEvent(3)],
  })
  expect(await summaries({ limit: 10 })).toEqual(['1', '2', '3', '4'])
  expect(await summaries({ limit: 2 })).toEqual(['3', '4'])
  expect(await read({ limit: 3 })).toMatchObject({ has_older: true, incomplete: [] })
  expect(await read({ limit: 4 })).toMatchObject({ has_older: false })
})

test('etcd’s half is searched by time, kind, severity and place', async () => {
  const events = Array.from({ length: 600 }, (_, index) =>
    anEvent(index + 1, {
      kind: index % 100 === 0 ? 'failover.fenced' : 'cluster.health',
      severity: index % 200 === 0 ? 'critical' : 'info',
    }),
  )
  const { summaries } = await aReader(events)
  const kind = 'failover'
  expect(await summaries({ limit: 100, kind })).toEqual(['1', '101', '201', '301', '401', '501'])
  expect(await summaries({ limit: 2, kind })).toEqual(['401', '501'])
  expect(await summaries({ limit: 9, kind, severity: 'warning' })).toEqual(['1', '201', '401'])
  const sinceMs = START_MS + 301_000
  expect(await summaries({ limit: 9, kind, sinceMs })).toEqual(['301', '401', '501'])
  expect(await summaries({ limit: 9, kind, sinceMs, before: anEvent(501).id })).toEqual([
    '301',
    '401',
  ])
})

test('says what is missing when one half does not answer, and fails when neither does', async () => {
  const standby = await aReader([anEvent(2)], { events: [anEvent(1)], isPrimary: false })
  expect((await standby.read({ limit: 9 })).incomplete).toEqual([
    'there is no primary: archived events are as demo-member-2 knows them',
  ])
  const waitingOnly = await aReader([anEvent(2)], { isAway: true })
  expect(await waitingOnly.read({ limit: 9 })).toMatchObject({
    items: [{ summary: 'event 2' }],
    incomplete: [expect.stringContaining('PostgreSQL does not answer (no member answers)')],
  })
  const archivedOnly = await aReader([anEvent(2)], { events: [anEvent(1)] })
  archivedOnly.kv.isAway = true
  expect(await archivedOnly.read({ limit: 9 })).toMatchObject({
    items: [{ summary: 'event 1' }],
    incomplete: [expect.stringContaining('the newest events may be missing')],
  })
  waitingOnly.kv.isAway = true
  await expect(waitingOnly.read({ limit: 9 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})

test('--since takes an age or a time, and refuses anything else', () => {
  expect(parseSince('90s', START_MS)).toBe(START_MS - 90_000)
  expect(parseSince('2h', START_MS)).toBe(START_MS - 7_200_000)
  expect(parseSince('2026-11-23T20:00:00Z', 0)).toBe(START_MS)
  for (const wrong of ['1', 'h', 'yesterday', '1 week', '-1h', ''])
    expect(() => parseSince(wrong, START_MS)).toThrow(/is no time/)
})
