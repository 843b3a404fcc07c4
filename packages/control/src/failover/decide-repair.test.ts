import { expect, test } from 'vitest'
import { MAY_NOT_ELECT_MS, NO_LEADER_MS } from './decide-fence.ts'
import {
  containersToStart,
  type RepairObservation,
  type StoppedContainer,
} from './decide-repair.ts'
import { aSnapshot } from './testing.ts'

const stopped = (change: Partial<StoppedContainer> = {}): StoppedContainer => ({
  name: 'agent-1',
  component: 'agent',
  stoppedForMs: 60_000,
  isViewLater: true,
  tries: 0,
  sinceLastTryMs: null,
  ...change,
})

const seenWith = (
  container: Partial<StoppedContainer>,
  change: Partial<RepairObservation> = {},
): RepairObservation => ({
  inMaintenance: false,
  isFenceOpen: false,
  holds: new Map(),
  snapshot: aSnapshot(),
  leaderlessMs: null,
  stopped: [stopped(container)],
  ...change,
})

const member = (name: string): Partial<StoppedContainer> => ({ name, component: 'member' })

test('what was stopped comes back, but not in the middle of its restart', () => {
  expect(containersToStart(seenWith({}))).toEqual(['agent-1'])
  expect(containersToStart(seenWith({ stoppedForMs: 200 }))).toEqual([])
})

test('nothing is started that somebody may have stopped on purpose since etcd was read', () => {
  expect(containersToStart(seenWith({ isViewLater: false }))).toEqual([])
})

test('one that does not start is tried again ever more seldom', () => {
  const tried = { tries: 3, sinceLastTryMs: 14_000 }
  expect(containersToStart(seenWith(tried))).toEqual([])
  expect(containersToStart(seenWith({ ...tried, sinceLastTryMs: 15_000 }))).toEqual(['agent-1'])
})

test('a standby comes back at once while its primary owns both keys', () => {
  expect(containersToStart(seenWith(member('m3')))).toEqual(['m3'])
})

test('a primary that still leads is left to the fence first', () => {
  const dead = { ...member('m1'), stoppedForMs: MAY_NOT_ELECT_MS - 1 }
  expect(containersToStart(seenWith(dead))).toEqual([])
  expect(containersToStart(seenWith({ ...dead, stoppedForMs: MAY_NOT_ELECT_MS }))).toEqual(['m1'])
  expect(containersToStart(seenWith(member('m1'), { isFenceOpen: true }))).toEqual([])
})

test('without a leader a member waits until nobody can be in the middle of an election', () => {
  const leaderless = { snapshot: aSnapshot({ leader: null }), leaderlessMs: NO_LEADER_MS - 1 }
  expect(containersToStart(seenWith(member('m1'), leaderless))).toEqual([])
  const settled = { ...leaderless, leaderlessMs: NO_LEADER_MS }
  expect(containersToStart(seenWith(member('m1'), settled))).toEqual(['m1'])
})
