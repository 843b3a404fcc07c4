/** For every view, in whatever order they come: what must never happen does not. */
import type { DrillRequest } from '@neuronha/core/contracts/coordination.ts'
import { nextAfter } from '@neuronha/core/spec/schedule.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decideDrills, LATEST_MS, LONGEST_RUN_MS, type DrillsView } from './decide-drills.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const NOW = Date.parse('2026-11-23T03:20:00Z')

const aRequest: DrillRequest = {
  id: 'r1',
  scenarios: ['switchover'],
  done: [],
  by: 'schedule',
  requestedAt: '2026-11-23T03:17:00.000Z',
}

/** Mostly a cluster in which drills may run, so that what is dangerous is reached often. */
const mostly = <T>(value: T, ...others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(value) },
    ...others.map((other) => ({ weight: 1, arbitrary: fc.constant(other) })),
  )

const drawn = fc.record({
  nowMs: fc.integer({ min: NOW, max: NOW + 48 * HOUR }),
  schedule: mostly('hourly', '*/7 * * * *', 'daily', 'weekly', 'monthly', 'never'),
  handledAgoMs: fc.oneof(
    { weight: 6, arbitrary: fc.nat({ max: 2 * HOUR }) },
    { weight: 2, arbitrary: fc.integer({ min: -40 * HOUR, max: 40 * HOUR }) },
    { weight: 1, arbitrary: fc.constant(null) },
  ),
  request: mostly<DrillRequest | null>(null, aRequest),
  isUnfinished: mostly(false, true),
  runner: mostly<DrillsView['runner']>(
    { kind: 'resting' },
    { kind: 'absent' },
    { kind: 'running', forMs: 1000 },
    { kind: 'running', forMs: LONGEST_RUN_MS },
  ),
  tries: fc.nat({ max: 6 }),
  sinceLastTryMs: fc.option(fc.nat({ max: HOUR })),
  inMaintenance: mostly(false, true),
  busyWith: mostly<string | null>(null, './neuronha up (ana@host-1)'),
  isHeldByRunner: mostly(false, true),
})

const view: fc.Arbitrary<DrillsView> = drawn.map(({ handledAgoMs, ...seen }) => ({
  ...seen,
  handledUntilMs: handledAgoMs === null ? null : seen.nowMs - handledAgoMs,
}))

const RUNS = { numRuns: 2000 }

test('in maintenance no drill is begun and none is asked for', () => {
  fc.assert(
    fc.property(view, (seen) => {
      const { kind } = decideDrills({ ...seen, inMaintenance: true })
      expect(['start', 'request']).not.toContain(kind)
    }),
    RUNS,
  )
})

test('drills are asked for only when they are due, nobody changes the cluster, and nothing is left or asked', () => {
  let asked = 0
  fc.assert(
    fc.property(view, (seen) => {
      const decision = decideDrills(seen)
      if (decision.kind !== 'request') return
      asked += 1
      expect(seen).toMatchObject({
        request: null,
        isUnfinished: false,
        inMaintenance: false,
        busyWith: null,
        runner: { kind: 'resting' },
      })
      const { dueMs } = decision
      expect(dueMs).toBe(nextAfter(seen.schedule, seen.handledUntilMs ?? Infinity))
      expect(dueMs).toBeLessThanOrEqual(seen.nowMs)
      expect(dueMs).toBeGreaterThanOrEqual(seen.nowMs - LATEST_MS)
    }),
    RUNS,
  )
  expect(asked).toBeGreaterThan(RUNS.numRuns / 100)
})

test('a runner is begun only when it rests and somebody wants something of it', () => {
  fc.assert(
    fc.property(view, (seen) => {
      if (decideDrills(seen).kind !== 'start') return
      expect(seen.runner).toEqual({ kind: 'resting' })
      expect(seen.isHeldByRunner).toBe(false)
      expect(seen.request !== null || seen.isUnfinished).toBe(true)
      if (seen.request !== null) expect(seen.tries).toBeLessThan(3)
    }),
    RUNS,
  )
})

test('only a stop follows from a runner that runs, and from no other', () => {
  fc.assert(
    fc.property(view, (seen) => {
      const { kind } = decideDrills(seen)
      if (seen.runner.kind === 'running')
        expect(kind).toBe(seen.runner.forMs < LONGEST_RUN_MS ? 'nothing' : 'stop')
      else expect(kind).not.toBe('stop')
    }),
    RUNS,
  )
})

test('what is unfinished is never given up: only what was asked for is', () => {
  fc.assert(
    fc.property(view, (seen) => {
      const { kind } = decideDrills(seen)
      if (kind === 'give-up') expect(seen.request).not.toBeNull()
      if (kind === 'remember') expect([seen.request, seen.isUnfinished]).toEqual([null, false])
    }),
    RUNS,
  )
})

test('in every sequence of looks each time of the schedule is heeded at most once, and never before it has come', () => {
  const look = fc.record({
    afterMs: fc.constantFrom(5000, 5 * MINUTE, 20 * MINUTE, 3 * HOUR),
    inMaintenance: mostly(false, true),
    busyWith: mostly<string | null>(null, 'up'),
    runner: mostly<DrillsView['runner']>({ kind: 'resting' }, { kind: 'absent' }),
  })
  fc.assert(
    fc.property(fc.array(look, { minLength: 5, maxLength: 60 }), (looks) => {
      let [nowMs, handledUntilMs]: [number, number | null] = [NOW, null]
      const heeded: number[] = []
      for (const { afterMs, ...seen } of looks) {
        nowMs += afterMs
        const decision = decideDrills({
          ...seen,
          ...{ nowMs, handledUntilMs, schedule: 'hourly', request: null, isUnfinished: false },
          ...{ tries: 0, sinceLastTryMs: null, isHeldByRunner: false },
        })
        if (decision.kind === 'request') {
          heeded.push(decision.dueMs)
          handledUntilMs = decision.dueMs
        }
        if (decision.kind === 'remember') handledUntilMs = nowMs
      }
      expect(new Set(heeded).size).toBe(heeded.length)
      for (const dueMs of heeded) {
        expect(dueMs % HOUR).toBe(17 * MINUTE)
        expect(dueMs).toBeGreaterThan(NOW)
      }
    }),
    { numRuns: 500 },
  )
})
