import { expect, test } from 'vitest'
import {
  decideRejoin,
  LET_BE_MS,
  SETTLED_MS,
  STILL_STUCK_MS,
  STUCK_MS,
  type RejoinObservation,
  type Straggler,
} from './decide-rejoin.ts'
import { aConfig, aSnapshot, aSync } from './testing.ts'

const aStraggler = (change: Partial<Straggler> = {}): Straggler => ({
  name: 'm3',
  state: 'running',
  stuckForMs: STUCK_MS,
  restartedAgoMs: null,
  rebuiltAgoMs: null,
  ...change,
})

/** The third member is stuck and, being so, no voter. */
const seenWith = (
  straggler: Partial<Straggler>,
  change: Partial<RejoinObservation> = {},
): RejoinObservation => ({
  leaseSpareMs: 4000,
  inMaintenance: false,
  isFenceOpen: false,
  isSwitchoverOpen: false,
  holds: new Map(),
  snapshot: aSnapshot({ sync: { ...aSync, voters: ['m2', 'm4'], quorum: 1 } }),
  ledForMs: SETTLED_MS,
  stragglers: [aStraggler(straggler)],
  ...change,
})

const restartedBefore = { stuckForMs: STILL_STUCK_MS, restartedAgoMs: 45_000 }
const aHold = {
  by: 'drill',
  why: 'kept apart',
  since: '2026-01-01T00:00:00Z',
  noStart: false,
  noFence: false,
}

test('a standby that does not follow is restarted, and rebuilt when that did not help', () => {
  expect(decideRejoin(seenWith({}))).toMatchObject({ kind: 'restart', straggler: { name: 'm3' } })
  expect(decideRejoin(seenWith(restartedBefore)).kind).toBe('rebuild')
})

test('it is given its time first, each time', () => {
  expect(decideRejoin(seenWith({ stuckForMs: STUCK_MS - 1 })).kind).toBe('nothing')
  const soon = { ...restartedBefore, stuckForMs: STILL_STUCK_MS - 1 }
  expect(decideRejoin(seenWith(soon)).kind).toBe('nothing')
  expect(decideRejoin(seenWith({}, { ledForMs: SETTLED_MS - 1 })).kind).toBe('nothing')
})

test.each(['starting', 'stopped', 'creating replica', 'restarting', 'unreachable', 'streaming'])(
  'a member that is %s is let be: something is done about it, or it cannot be told',
  (state) => {
    expect(decideRejoin(seenWith({ ...restartedBefore, state })).kind).toBe('nothing')
  },
)

test('the data of one that may have a commit of its own is never thrown away', () => {
  const snapshot = aSnapshot()
  expect(decideRejoin(seenWith(restartedBefore, { snapshot })).kind).toBe('nothing')
})

test('the leader is neither restarted nor rebuilt', () => {
  expect(decideRejoin(seenWith({ name: 'm1' })).kind).toBe('nothing')
  expect(decideRejoin(seenWith({ ...restartedBefore, name: 'm1' })).kind).toBe('nothing')
})

test('a copy that did not help is not made again at once', () => {
  const rebuilt = { ...restartedBefore, rebuiltAgoMs: LET_BE_MS - 1 }
  expect(decideRejoin(seenWith(rebuilt)).kind).toBe('nothing')
  expect(decideRejoin(seenWith({ ...rebuilt, rebuiltAgoMs: LET_BE_MS })).kind).toBe('rebuild')
})

test.each<readonly [string, Partial<RejoinObservation>]>([
  ['our own lease ends soon', { leaseSpareMs: 900 }],
  ['maintenance is on', { inMaintenance: true }],
  ['a fence is open', { isFenceOpen: true }],
  ['a switchover is going on', { isSwitchoverOpen: true }],
  ['somebody holds the member', { holds: new Map([['m3', aHold]]) }],
  ['etcd gives no fresh answer', { snapshot: null }],
  ['nobody leads', { snapshot: aSnapshot({ leader: null }) }],
  ['Patroni is paused', { snapshot: aSnapshot({ config: { ...aConfig, paused: true } }) }],
  ['the leader does not own /sync', { snapshot: aSnapshot({ sync: { ...aSync, leader: 'm2' } }) }],
])('nothing is done while %s', (_why, change) => {
  expect(decideRejoin(seenWith({}, change)).kind).toBe('nothing')
  expect(decideRejoin(seenWith(restartedBefore, change)).kind).toBe('nothing')
})
