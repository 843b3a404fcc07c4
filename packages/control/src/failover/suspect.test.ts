import { describe, expect, test } from 'vitest'
import { suspect, type PrimaryWitnesses } from './suspect.ts'

const NOW = 100_000

const quickStandbys = (messageAgeMs: number): PrimaryWitnesses['standbys'] =>
  ['m2', 'm3', 'm4'].map((name) => ({ name, answeredAt: NOW - 200, messageAgeMs, freshAt: null }))

const withFirst = (
  standbys: PrimaryWitnesses['standbys'],
  change: Partial<PrimaryWitnesses['standbys'][number]>,
): PrimaryWitnesses['standbys'] =>
  standbys.map((standby, index) => (index === 0 ? { ...standby, ...change } : standby))

const seen = (change: Partial<PrimaryWitnesses> = {}): PrimaryWitnesses => ({
  now: NOW,
  member: 'm1',
  since: NOW - 60_000,
  keptAt: NOW - 100,
  keptWorstMs: 12,
  isWriting: true,
  freshAt: NOW - 300,
  freshUnansweredSince: null,
  newestBackendAt: null,
  restSilentMs: null,
  statusStillMs: 400,
  slips: [],
  standbys: quickStandbys(100),
  ...change,
})

/** Our own timer slipped, so long ago, and lost so much. */
const slipped = (agoMs: number, lostMs = 300): PrimaryWitnesses['slips'] => [
  { endedAt: NOW - agoMs, lostMs },
]

const frozen: Partial<PrimaryWitnesses> = {
  restSilentMs: 1000,
  keptAt: NOW - 2100,
  freshAt: NOW - 2100,
  freshUnansweredSince: NOW - 1600,
  standbys: quickStandbys(2000),
  statusStillMs: 2300,
}
const stuck: Partial<PrimaryWitnesses> = {
  freshAt: NOW - 5100,
  freshUnansweredSince: NOW - 3600,
  newestBackendAt: NOW - 4900,
  standbys: quickStandbys(100).map((standby) => ({ ...standby, freshAt: NOW - 400 })),
}
const patroniStuck: Partial<PrimaryWitnesses> = { statusStillMs: 2600, restSilentMs: 2100 }

test('a healthy primary is not suspected', () => {
  expect(suspect(seen())).toBeNull()
})

test('each way of hanging is recognised by its own witnesses', () => {
  expect(suspect(seen(frozen))?.reason).toBe('unresponsive')
  expect(suspect(seen(stuck))?.reason).toBe('no-new-connections')
  expect(suspect(seen(patroniStuck))?.reason).toBe('patroni-hung')
})

test('one that takes no connection from the first try on is recognised when that try is old', () => {
  const untried = { ...stuck, freshAt: null, since: NOW - 9000, freshUnansweredSince: NOW - 5100 }
  expect(suspect(seen(untried))?.reason).toBe('no-new-connections')
})

test('one that was never heard of since it leads is suspected all the same, in the end', () => {
  const never = { ...frozen, keptAt: null, freshAt: null, since: NOW - 4500 }
  expect(suspect(seen(never))?.reason).toBe('unresponsive')
})

test('time in which we were slow is taken off a long silence, which does not begin anew', () => {
  const longer = { ...stuck, freshAt: NOW - 5400, slips: slipped(300, 300) }
  expect(suspect(seen(longer))?.reason).toBe('no-new-connections')
  expect(suspect(seen({ ...longer, freshAt: NOW - 5200 }))).toBeNull()
  const before = { ...stuck, slips: slipped(6000, 2000) }
  expect(suspect(seen(before))?.reason).toBe('no-new-connections')
})

describe('one witness for its life is enough', () => {
  test.each<[string, Partial<PrimaryWitnesses>]>([
    ['the kept connection answers', { ...frozen, keptAt: NOW - 400 }],
    ['a fresh connection answers', { ...frozen, freshAt: NOW - 400 }],
    [
      'one standby still hears it',
      { ...frozen, standbys: withFirst(quickStandbys(2000), { messageAgeMs: 300 }) },
    ],
    ['Patroni still writes', { ...frozen, statusStillMs: 900 }],
    ['Patroni answers', { ...frozen, restSilentMs: 300 }],
    ['nobody has asked Patroni', { ...frozen, restSilentMs: null }],
    ['nobody knows whether Patroni writes', { ...frozen, statusStillMs: null }],
    ['no fresh connection was tried', { ...frozen, freshUnansweredSince: null }],
    ['a fresh connection has not had its time', { ...frozen, freshUnansweredSince: NOW - 1400 }],
    ['the silence is short', { ...frozen, keptAt: NOW - 1900 }],
  ])('%s', (_case, change) => {
    expect(suspect(seen(change))).toBeNull()
  })
})

describe('a window in which we or a standby were slow does not count', () => {
  test.each<[string, Partial<PrimaryWitnesses>]>([
    ['frozen, and our timer slipped', { ...frozen, slips: slipped(1500) }],
    [
      'frozen, and a standby is silent too',
      { ...frozen, standbys: withFirst(quickStandbys(2000), { answeredAt: NOW - 1600 }) },
    ],
    ['frozen, and the watch has only begun', { ...frozen, since: NOW - 1000 }],
    [
      'just promoted, and never heard of yet',
      { ...frozen, keptAt: null, freshAt: null, since: NOW - 3000 },
    ],
    ['stuck, but we slept through a part of it', { ...stuck, slips: slipped(2000, 300) }],
    [
      'stuck, but we slept when its fresh connection was to be answered',
      {
        ...stuck,
        freshAt: NOW - 9000,
        freshUnansweredSince: NOW - 3000,
        slips: slipped(100, 1600),
      },
    ],
    [
      'stuck, but a fresh connection was only just tried',
      { ...stuck, freshUnansweredSince: NOW - 500 },
    ],
    [
      'stuck, but never tried before our first try, which is young',
      { ...stuck, freshAt: null, since: NOW - 9000, freshUnansweredSince: NOW - 4900 },
    ],
    [
      'stuck as it seems, but others were served while we waited',
      { ...stuck, newestBackendAt: NOW - 3000 },
    ],
    [
      'stuck as it seems, but nobody said whether others are served',
      { ...stuck, newestBackendAt: null },
    ],
    ['stuck, and the kept connection was slow', { ...stuck, keptWorstMs: 1500 }],
    [
      'stuck, and standbys take no new connections either',
      { ...stuck, standbys: quickStandbys(100) },
    ],
    ['Patroni stuck, and our timer slipped', { ...patroniStuck, slips: slipped(2000) }],
    ['Patroni stuck, and PostgreSQL refuses or fails', { ...patroniStuck, isWriting: false }],
    ['stuck, and the kept connection does not write', { ...stuck, isWriting: false }],
    ['Patroni stuck, and PostgreSQL was slow', { ...patroniStuck, keptWorstMs: 1200 }],
    ['Patroni stuck, but it answers REST', { ...patroniStuck, restSilentMs: 300 }],
    ['Patroni stuck, but REST was not asked', { ...patroniStuck, restSilentMs: null }],
    ['Patroni stuck, but its loop goes on', { ...patroniStuck, statusStillMs: 1500 }],
  ])('%s', (_case, change) => {
    expect(suspect(seen(change))).toBeNull()
  })
})

test('without any standby nothing is ever suspected', () => {
  expect(suspect(seen({ ...frozen, standbys: [] }))).toBeNull()
})
