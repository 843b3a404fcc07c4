import { describe, expect, test } from 'vitest'
import { decideFence, MAY_NOT_ELECT_MS, MOST_FENCES, NO_LEADER_MS } from './decide-fence.ts'
import {
  aConfig,
  aContainer,
  aDeadContainer,
  anObservation,
  aRecord,
  aSnapshot,
  aStandby,
  aSuspicion,
  aSync,
  aTerm,
  standbys,
} from './testing.ts'

const confirmed = aRecord({ phase: 'confirmed' })
const suspected = {
  container: aContainer(),
  suspicion: aSuspicion,
  record: aRecord({ reason: 'unresponsive' }),
}

test('a primary whose container is gone is fenced and loses its leadership in three steps', () => {
  expect(decideFence(anObservation())).toMatchObject({ kind: 'intend', reason: 'container-gone' })
  expect(decideFence(anObservation({ record: aRecord() }))).toEqual({ kind: 'confirm' })
  expect(decideFence(anObservation({ record: confirmed }))).toEqual({ kind: 'revoke' })
})

const crashed = aRecord({ reason: 'container-crashed' })
const replaced = aContainer({ id: 'c2', startedAt: '2026-01-01T00:01:00.1Z' })
const comesBack = [
  aDeadContainer({ restarting: true, status: 'restarting' }),
  aContainer({ startedAt: '2026-01-01T00:01:00.1Z' }),
]

test.each(comesBack)(
  'a primary whose container crashed is kept from coming back first',
  (container) => {
    const seen = anObservation({ container })
    expect(decideFence(seen)).toMatchObject({ kind: 'intend', reason: 'container-crashed' })
    expect(decideFence({ ...seen, record: crashed })).toEqual({ kind: 'kill' })
    expect(decideFence(anObservation({ record: crashed }))).toEqual({ kind: 'confirm' })
  },
)

test('a crashed one that repair started again after a fence was given up is not killed for that', () => {
  const seen = anObservation({ container: comesBack[1], record: aRecord({ phase: 'abandoned' }) })
  expect(decideFence(seen).kind).toBe('nothing')
  const earlier = { ...aTerm, startedAt: '2025-12-31T23:00:00.1Z' }
  const record = aRecord({ phase: 'abandoned', term: earlier })
  expect(decideFence({ ...seen, record }).kind).toBe('intend')
})

test('it is left alone when it has taken its lock again, or when the engine shows its end no more', () => {
  const container = comesBack[1]
  const retaken = aSnapshot({ leader: { name: 'm1', modRevision: '130', lease: '9' } })
  expect(decideFence(anObservation({ container, snapshot: retaken })).kind).toBe('nothing')
  const seen = anObservation({ container, snapshot: retaken, record: crashed })
  expect(decideFence(seen).kind).toBe('abandon')
  for (const unclear of [undefined, aContainer(), replaced])
    expect(decideFence(anObservation({ container: unclear, record: crashed })).kind).toBe('abandon')
})

test('a hung primary is killed before anything else', () => {
  const hung = { ...suspected, record: null }
  expect(decideFence(anObservation(hung))).toMatchObject({ kind: 'intend', reason: 'unresponsive' })
  expect(decideFence(anObservation(suspected))).toEqual({ kind: 'kill' })
})

test('a healthy primary gives no reason', () => {
  expect(decideFence(anObservation({ container: aContainer() })).kind).toBe('nothing')
})

describe('an end that is not certain is no end', () => {
  test.each([
    ['the engine gives no answer', undefined],
    ['it is paused', aContainer({ paused: true })],
    ['its first process still has an id', aDeadContainer({ pid: 12 })],
    ['it is another container', aDeadContainer({ id: 'c2' })],
    ['its status is not exited', aDeadContainer({ status: 'dead' })],
  ])('%s', (_case, container) => {
    expect(decideFence(anObservation({ container })).kind).toBe('nothing')
    const seen = anObservation({ container, record: confirmed })
    expect(['nothing', 'abandon']).toContain(decideFence(seen).kind)
  })

  test('a container that waits for its restart is no confirmation', () => {
    const seen = anObservation({ container: comesBack[0], record: confirmed })
    expect(decideFence(seen).kind).toBe('nothing')
  })
})

describe('nobody loses the leadership while', () => {
  test.each([
    ['our own lease is about to end', { leaseSpareMs: 900 }],
    ['maintenance is on', { inMaintenance: true }],
    ['a planned act holds the member', { isHeld: true }],
    ['a switchover is going on', { isSwitchoverOpen: true }],
    ['failsafe mode was active a moment ago', { failsafeSeenAgoMs: 19_000 }],
    ['there were too many fences already', { recentFences: MOST_FENCES }],
    ['Patroni is paused', { snapshot: aSnapshot({ config: { ...aConfig, paused: true } }) }],
    [
      'a member says that Patroni is paused',
      { members: standbys({ m3: aStandby({ paused: true }) }) },
    ],
    ['Patroni’s configuration is unknown', { snapshot: aSnapshot({ config: null }) }],
    [
      'commits do not wait for standbys',
      { snapshot: aSnapshot({ config: { ...aConfig, synchronous: false } }) },
    ],
    [
      '/sync still names the primary before it',
      { snapshot: aSnapshot({ sync: { ...aSync, leader: 'm2' } }) },
    ],
    ['a standby does not answer', { members: standbys({ m2: null }) }],
    ['a standby starts', { members: standbys({ m2: aStandby({ state: 'starting' }) }) }],
    ['a standby is on another timeline', { members: standbys({ m2: aStandby({ timeline: 2 }) }) }],
    ['a standby has not seen etcd', { members: standbys({ m2: aStandby({ dcsSeenAgo: 9 }) }) }],
    [
      'a standby is in failsafe mode',
      { members: standbys({ m2: aStandby({ failsafeActive: true }) }) },
    ],
    ['a standby may not take over', { members: standbys({ m2: aStandby({ noFailover: true }) }) }],
    [
      'another member says that it is primary',
      { members: standbys({ m2: aStandby({ role: 'primary' }) }) },
    ],
    [
      'a standby is no voter',
      { snapshot: aSnapshot({ sync: { ...aSync, voters: ['m3', 'm4'] } }) },
    ],
  ])('%s', (_case, change) => {
    expect(decideFence(anObservation(change)).kind).toBe('nothing')
    expect(decideFence(anObservation({ ...change, record: confirmed })).kind).toBe('nothing')
    for (const reason of [suspected, { container: comesBack[1], record: crashed }]) {
      const seen = anObservation({ ...change, ...reason })
      expect(decideFence({ ...seen, record: null }).kind).toBe('nothing')
      expect(decideFence(seen).kind).toBe('abandon')
    }
  })
})

test('a key that was not seen while its owner lived is not touched', () => {
  expect(decideFence(anObservation({ term: undefined })).kind).toBe('nothing')
  const retaken = aSnapshot({ leader: { name: 'm1', modRevision: '130', lease: '9' } })
  expect(decideFence(anObservation({ snapshot: retaken })).kind).toBe('nothing')
  expect(decideFence(anObservation({ snapshot: retaken, record: aRecord() })).kind).toBe('abandon')
  expect(decideFence(anObservation({ snapshot: retaken, record: confirmed })).kind).toBe('release')
})

test('a hung primary is left alone while not every standby streams', () => {
  const members = standbys({ m4: aStandby({ streaming: false }) })
  const hung = { ...suspected, record: null }
  expect(decideFence(anObservation({ ...hung, members })).kind).toBe('nothing')
})

test('a primary that the engine has started again is not taken for one that hangs', () => {
  const seen = anObservation({ ...suspected, record: null, container: comesBack[1] })
  expect(decideFence(seen)).toMatchObject({ kind: 'intend', reason: 'container-crashed' })
  const other = anObservation({ ...suspected, record: null, container: replaced })
  expect(decideFence(other).kind).toBe('nothing')
})

test('a fence ends when the member comes back by itself or answers again', () => {
  const back = anObservation({ record: aRecord(), container: aContainer() })
  expect(decideFence(back)).toMatchObject({ kind: 'abandon', isAlarm: false })
  const answers = anObservation({ ...suspected, suspicion: null })
  expect(decideFence(answers)).toMatchObject({ kind: 'abandon', isAlarm: false })
  const started = anObservation({ record: confirmed, container: aContainer() })
  expect(decideFence(started)).toMatchObject({ kind: 'abandon' })
})

test('a container that ended and came back is not killed, even if it is silent at first', () => {
  const suspicion = aSuspicion
  const seen = anObservation({ record: aRecord(), container: aContainer(), suspicion })
  expect(decideFence(seen)).toMatchObject({ kind: 'abandon', isAlarm: false })
})

test('a dead member’s own answer makes nobody electable', () => {
  const voters = ['m1', 'm2', 'm3', 'm4']
  const members = [...standbys({ m4: null }), { name: 'm1', patroni: aStandby() }]
  const snapshot = aSnapshot({ sync: { ...aSync, voters } })
  expect(decideFence(anObservation({ members, snapshot })).kind).toBe('nothing')
})

test('a container that was replaced meanwhile is not killed', () => {
  const seen = anObservation({ ...suspected, container: replaced })
  expect(decideFence(seen)).toMatchObject({ kind: 'abandon' })
})

test('a kill that cannot be confirmed is given up, loudly', () => {
  expect(decideFence(anObservation({ ...suspected, phaseAgeMs: 9000 }))).toMatchObject({
    kind: 'abandon',
    isAlarm: true,
  })
})

test('an answer after the confirmation stops everything, loudly', () => {
  const seen = anObservation({ record: confirmed, answeredAfterConfirmation: true })
  expect(decideFence(seen)).toMatchObject({ kind: 'abandon', isAlarm: true })
})

test('standbys that could not elect get a moment, then the old primary is left its leadership', () => {
  const members = standbys({ m2: null })
  const seen = { record: confirmed, members }
  expect(decideFence(anObservation({ ...seen, phaseAgeMs: MAY_NOT_ELECT_MS - 1 })).kind).toBe(
    'nothing',
  )
  expect(decideFence(anObservation({ ...seen, phaseAgeMs: MAY_NOT_ELECT_MS })).kind).toBe('abandon')
})

test('a fence is released when the new primary owns both keys, not before', () => {
  const record = aRecord({ phase: 'revoked' })
  const leader = { name: 'm3', modRevision: '140', lease: '9' }
  const early = anObservation({ record, snapshot: aSnapshot({ leader }) })
  expect(decideFence(early).kind).toBe('nothing')
  const sync = { leader: 'm3', voters: ['m2', 'm4'], quorum: 1, modRevision: '141' }
  const settled = anObservation({ record, snapshot: aSnapshot({ leader, sync }) })
  expect(decideFence(settled)).toEqual({ kind: 'release', newLeader: 'm3' })
})

test('when nobody takes over, the fence ends with an alarm', () => {
  const record = aRecord({ phase: 'revoked' })
  const snapshot = aSnapshot({ leader: null })
  expect(decideFence(anObservation({ record, snapshot, phaseAgeMs: NO_LEADER_MS - 1 })).kind).toBe(
    'nothing',
  )
  expect(decideFence(anObservation({ record, snapshot, phaseAgeMs: NO_LEADER_MS }))).toMatchObject({
    kind: 'abandon',
    isAlarm: true,
  })
})
