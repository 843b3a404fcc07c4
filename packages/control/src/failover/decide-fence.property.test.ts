/** For every observation, in whatever order they come: what must never happen does not. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isFenceOpen, type FenceRecord } from '@neuronha/core/contracts/coordination.ts'
import {
  decideFence,
  LEASE_SPARE_MS,
  MOST_FENCES,
  type FailoverObservation,
  type FenceDecision,
} from './decide-fence.ts'
import { containersToStart } from './decide-repair.ts'
import {
  aConfig,
  aContainer,
  aDeadContainer,
  anObservation,
  aRecord,
  aSnapshot,
  aStandby,
  aSuspicion,
  aTerm,
} from './testing.ts'

/** Mostly healthy, so that dangerous decisions are reached often, with any number of things wrong. */
const mostly = <T>(value: T, ...others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constant(value) },
    ...others.map((other) => ({ weight: 1, arbitrary: fc.constant(other) })),
  )

const standby = fc.record({
  answers: mostly(true, false),
  state: mostly('running', 'starting', 'stopped'),
  role: mostly('replica', 'primary'),
  timeline: mostly<number | null>(1, 2, null),
  streaming: mostly(true, false),
  dcsSeenAgo: mostly<number | null>(0.5, 7, null),
  failsafeActive: mostly(false, true),
  paused: mostly(false, true),
  noFailover: mostly(false, true),
})

const observation: fc.Arbitrary<FailoverObservation> = fc
  .record({
    standbys: fc.tuple(standby, standby, standby),
    leader: mostly<{ name: string; modRevision: string; lease: string } | null>(
      { name: 'm1', modRevision: '100', lease: '7' },
      { name: 'm1', modRevision: '101', lease: '7' },
      { name: 'm1', modRevision: '100', lease: '8' },
      { name: 'm2', modRevision: '130', lease: '8' },
      null,
    ),
    syncLeader: mostly<string | null>('m1', 'm2', 'm3', null),
    voters: mostly(['m2', 'm3', 'm4'], ['m2', 'm3'], ['m1', 'm3', 'm4'], []),
    quorum: mostly(2, 1, 0),
    configPaused: mostly(false, true),
    configKnown: mostly(true, false),
    synchronous: mostly(true, false),
    container: mostly(
      aDeadContainer(),
      aContainer(),
      aContainer({ paused: true, status: 'paused' }),
      aDeadContainer({ restarting: true, status: 'restarting' }),
      aContainer({ startedAt: '2026-01-01T00:01:00.1Z' }),
      aDeadContainer({ id: 'c2' }),
      aContainer({ id: 'c2' }),
      undefined,
    ),
    term: mostly<typeof aTerm | undefined>(aTerm, undefined),
    leaseSpareMs: mostly(4000, 999, 0),
    inMaintenance: mostly(false, true),
    isHeld: mostly(false, true),
    isSwitchoverOpen: mostly(false, true),
    answeredAfterConfirmation: mostly(false, true),
    failsafeSeenAgoMs: mostly<number | null>(null, 100, 60_000),
    suspicion: mostly<FailoverObservation['suspicion']>(aSuspicion, null, {
      ...aSuspicion,
      member: 'm2',
    }),
    recentFences: mostly(0, MOST_FENCES),
    phaseAgeMs: mostly(50, 3000, 10_000),
    record: fc.constantFrom<FenceRecord | null>(
      null,
      aRecord(),
      aRecord({ reason: 'unresponsive' }),
      aRecord({ reason: 'container-crashed' }),
      aRecord({ phase: 'confirmed' }),
      aRecord({ phase: 'revoked' }),
      aRecord({ phase: 'released' }),
      aRecord({ phase: 'abandoned' }),
    ),
  })
  .map((drawn) => {
    return anObservation({
      leaseSpareMs: drawn.leaseSpareMs,
      inMaintenance: drawn.inMaintenance,
      isHeld: drawn.isHeld,
      isSwitchoverOpen: drawn.isSwitchoverOpen,
      answeredAfterConfirmation: drawn.answeredAfterConfirmation,
      failsafeSeenAgoMs: drawn.failsafeSeenAgoMs,
      suspicion: drawn.suspicion,
      recentFences: drawn.recentFences,
      phaseAgeMs: drawn.phaseAgeMs,
      record: drawn.record,
      term: drawn.term,
      container: drawn.container,
      snapshot: aSnapshot({
        leader: drawn.leader,
        sync: {
          leader: drawn.syncLeader,
          voters: drawn.voters,
          quorum: drawn.quorum,
          modRevision: '120',
        },
        config: drawn.configKnown
          ? { ...aConfig, paused: drawn.configPaused, synchronous: drawn.synchronous }
          : null,
      }),
      members: ['m2', 'm3', 'm4'].map((name, index) => {
        const { answers = false, ...view } = drawn.standbys[index] ?? {}
        return { name, patroni: answers ? aStandby(view) : null }
      }),
    })
  })

/** The rules once more, in other words than the code's: what a kill or a revocation needs. */
function assertMayTakeLeadership(seen: FailoverObservation): void {
  const { snapshot, members } = seen
  expect(seen.leaseSpareMs).toBeGreaterThanOrEqual(LEASE_SPARE_MS)
  expect([seen.inMaintenance, seen.isHeld, seen.isSwitchoverOpen]).toEqual([false, false, false])
  expect(snapshot.config).toMatchObject({ paused: false, synchronous: true })
  expect(members.some(({ patroni }) => patroni?.paused)).toBe(false)
  expect(seen.failsafeSeenAgoMs ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(20_000)
  expect(seen.recentFences).toBeLessThan(MOST_FENCES)
  expect(snapshot.sync?.leader).toBe('m1')
  const votes = members.filter(
    ({ name, patroni }) =>
      patroni !== null &&
      patroni.state === 'running' &&
      patroni.role === 'replica' &&
      patroni.timeline === 1 &&
      (patroni.dcsSeenAgo ?? 99) <= 5 &&
      !patroni.failsafeActive &&
      !patroni.noFailover &&
      snapshot.sync?.voters.includes(name),
  )
  expect(votes.length).toBeGreaterThanOrEqual((snapshot.sync?.quorum ?? 0) + 1)
  expect(snapshot.leader).toEqual({ name: 'm1', modRevision: '100', lease: '7' })
}

const RUNS = { numRuns: 4000 }

test('no fence begins while another is open, and none without a term that was seen alive', () => {
  fc.assert(
    fc.property(observation, (seen) => {
      if (decideFence(seen).kind !== 'intend') return
      expect(seen.record === null || !isFenceOpen(seen.record)).toBe(true)
      expect(seen.term).toEqual(aTerm)
      assertMayTakeLeadership(seen)
    }),
    RUNS,
  )
})

test('nothing is killed unless its standbys would take over and every one of them streams or did at the intent', () => {
  fc.assert(
    fc.property(observation, (seen) => {
      if (decideFence(seen).kind !== 'kill') return
      assertMayTakeLeadership(seen)
      expect(seen.record?.phase).toBe('intended')
      expect(seen.container?.id ?? 'c1').toBe('c1')
      if (seen.record?.reason === 'container-crashed') {
        const { restarting, startedAt } = seen.container ?? aContainer()
        expect(restarting || startedAt !== aTerm.startedAt).toBe(true)
      } else {
        expect(seen.suspicion?.member).toBe('m1')
        expect(seen.record?.reason).toBe('unresponsive')
      }
    }),
    RUNS,
  )
})

test('no leadership is revoked without a confirmed fence that still holds', () => {
  fc.assert(
    fc.property(observation, (seen) => {
      if (decideFence(seen).kind !== 'revoke') return
      assertMayTakeLeadership(seen)
      expect(seen.record?.phase).toBe('confirmed')
      expect(seen.answeredAfterConfirmation).toBe(false)
      expect(seen.container).toMatchObject({
        id: 'c1',
        status: 'exited',
        running: false,
        restarting: false,
        paused: false,
        pid: 0,
      })
    }),
    RUNS,
  )
})

/** What the shell makes of a decision, without etcd and without an engine. */
function nextRecord(record: FenceRecord | null, decision: FenceDecision): FenceRecord | null {
  switch (decision.kind) {
    case 'intend':
      return aRecord({ reason: decision.reason, term: decision.term })
    case 'confirm':
      return record && { ...record, phase: 'confirmed' }
    case 'revoke':
      return record && { ...record, phase: 'revoked' }
    case 'release':
      return record && { ...record, phase: 'released' }
    case 'abandon':
      return record && { ...record, phase: 'abandoned' }
    default:
      return record
  }
}

test('in every sequence of looks a fence goes through its phases in order', () => {
  const order = ['intended', 'confirmed', 'revoked'] as const
  fc.assert(
    fc.property(fc.array(observation, { minLength: 3, maxLength: 25 }), (looks) => {
      let record: FenceRecord | null = null
      for (const look of looks) {
        const before: FenceRecord | null = record
        const decision = decideFence({ ...look, record: before })
        record = nextRecord(before, decision)
        if (record === before || record === null) continue
        if (decision.kind === 'intend') {
          expect(before === null || !isFenceOpen(before)).toBe(true)
          continue
        }
        expect(before !== null && isFenceOpen(before)).toBe(true)
        const phases: readonly string[] = order
        const from = phases.indexOf(before?.phase ?? '')
        const to = phases.indexOf(record.phase)
        if (to !== -1) expect(to).toBe(from + 1)
      }
    }),
    { numRuns: 1500 },
  )
})

test('a stopped member is started only when its leadership is in place, a new primary owns /sync, or nobody leads', () => {
  const seen = fc.record({
    leader: fc.constantFrom<string | null>('m1', 'm2', null),
    syncLeader: fc.constantFrom<string | null>('m1', 'm2', 'm3', null),
    isFenceOpen: fc.boolean(),
    inMaintenance: mostly(false, true),
    isHeld: mostly(false, true),
    leaderlessMs: fc.constantFrom<number | null>(null, 1000, 6000),
    isViewLater: fc.boolean(),
    stoppedForMs: fc.constantFrom(100, 1000, 3000),
  })
  fc.assert(
    fc.property(seen, (drawn) => {
      const snapshot = aSnapshot({
        leader: drawn.leader === null ? null : { name: drawn.leader, modRevision: '1', lease: '2' },
        sync: { leader: drawn.syncLeader, voters: [], quorum: 0, modRevision: '3' },
      })
      const started = containersToStart({
        inMaintenance: drawn.inMaintenance,
        isFenceOpen: drawn.isFenceOpen,
        holds: drawn.isHeld
          ? new Map([['m1', { by: 'x', why: 'y', since: '', noStart: true, noFence: false }]])
          : new Map(),
        snapshot,
        leaderlessMs: drawn.leaderlessMs,
        stopped: [
          {
            name: 'm1',
            component: 'member',
            stoppedForMs: drawn.stoppedForMs,
            isViewLater: drawn.isViewLater,
            tries: 0,
            sinceLastTryMs: null,
          },
        ],
      })
      if (started.length === 0) return
      expect([drawn.isFenceOpen, drawn.inMaintenance, drawn.isHeld]).toEqual([false, false, false])
      expect(drawn.isViewLater).toBe(true)
      if (drawn.leader === null) expect(drawn.leaderlessMs).toBeGreaterThanOrEqual(5000)
      else if (drawn.leader !== 'm1') expect(drawn.syncLeader).toBe(drawn.leader)
    }),
    RUNS,
  )
})
