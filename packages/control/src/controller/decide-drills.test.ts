import type { DrillRequest } from '@neuronha/core/contracts/coordination.ts'
import { describe, expect, it } from 'vitest'
import { decideDrills, LATEST_MS, LONGEST_RUN_MS, type DrillsView } from './decide-drills.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** `daily` is at 03:17. */
const DUE = Date.parse('2026-11-23T03:17:00Z')

const aRequest: DrillRequest = {
  id: 'r1',
  scenarios: ['switchover', 'primary-host-loss'],
  done: [],
  by: 'schedule',
  requestedAt: new Date(DUE).toISOString(),
}

const aView = (change: Partial<DrillsView> = {}): DrillsView => ({
  nowMs: DUE,
  schedule: 'daily',
  handledUntilMs: DUE - 24 * HOUR,
  request: null,
  isUnfinished: false,
  runner: { kind: 'resting' },
  tries: 0,
  sinceLastTryMs: null,
  inMaintenance: false,
  busyWith: null,
  isHeldByRunner: false,
  ...change,
})

const decide = (change: Partial<DrillsView> = {}) => decideDrills(aView(change))

const nothing = { kind: 'nothing' }
const start = { kind: 'start' }

describe('drills that are due', () => {
  it('are asked for at their time, and not before', () => {
    expect(decide({ nowMs: DUE - 1 })).toEqual(nothing)
    expect(decide()).toEqual({ kind: 'request', dueMs: DUE })
  })

  it('are not asked for twice', () => {
    expect(decide({ handledUntilMs: DUE, nowMs: DUE + MINUTE })).toEqual(nothing)
  })

  it('of a cluster that is new are not those of the past: the schedule begins now', () => {
    expect(decide({ handledUntilMs: null })).toEqual({ kind: 'remember', missed: null })
  })

  it('wait for whoever changes the cluster, for an hour and no longer', () => {
    const busy = { busyWith: './neuronha up (ana@host-1)' }
    expect(decide(busy)).toEqual(nothing)
    expect(decide({ ...busy, nowMs: DUE + LATEST_MS })).toEqual(nothing)
    expect(decide({ nowMs: DUE + LATEST_MS })).toEqual({ kind: 'request', dueMs: DUE })
    expect(decide({ ...busy, nowMs: DUE + LATEST_MS + 1 })).toEqual({
      kind: 'remember',
      missed: './neuronha up (ana@host-1) took too long',
    })
  })

  it('are not caught up on by day when no controller was there at night', () => {
    expect(decide({ nowMs: DUE + 6 * HOUR })).toEqual({
      kind: 'remember',
      missed: 'no controller was there in time',
    })
  })

  it('do not run in maintenance, nor without a container for them', () => {
    expect(decide({ inMaintenance: true })).toEqual({
      kind: 'remember',
      missed: 'maintenance is on',
    })
    expect(decide({ runner: { kind: 'absent' } })).toEqual({
      kind: 'remember',
      missed: 'there is no container for them',
    })
  })

  it('never come of the schedule never', () => {
    expect(decide({ schedule: 'never' })).toEqual(nothing)
  })
})

describe('drills that are asked for', () => {
  const asked = { request: aRequest }

  it('are begun at once, whoever changes the cluster: the runner sees that itself', () => {
    expect(decide(asked)).toEqual(start)
    expect(decide({ ...asked, busyWith: './neuronha up (ana@host-1)' })).toEqual(start)
  })

  it('go on undisturbed while their runner runs', () => {
    expect(decide({ ...asked, runner: { kind: 'running', forMs: HOUR } })).toEqual(nothing)
  })

  it.each([
    { tries: 1, backoffMs: 30 * SECOND },
    { tries: 2, backoffMs: 2 * MINUTE },
  ])('are begun again after $backoffMs ms by a runner that died $tries times', (tried) => {
    const { tries, backoffMs } = tried
    expect(decide({ ...asked, tries, sinceLastTryMs: backoffMs - 1 })).toEqual(nothing)
    expect(decide({ ...asked, tries, sinceLastTryMs: backoffMs })).toEqual(start)
  })

  it('are given up when their runner died three times', () => {
    expect(decide({ ...asked, tries: 3, sinceLastTryMs: 0 })).toEqual({
      kind: 'give-up',
      why: 'their runner died 3 times',
    })
  })

  it('are given up in maintenance, and without a container for them', () => {
    expect(decide({ ...asked, inMaintenance: true })).toEqual({
      kind: 'give-up',
      why: 'maintenance is on',
    })
    expect(decide({ ...asked, runner: { kind: 'absent' } })).toEqual({
      kind: 'give-up',
      why: 'there is no container for them',
    })
  })
})

describe('a drill that did not get to its end', () => {
  const left = { isUnfinished: true }

  it('is mended at once, also when others are due', () => {
    expect(decide(left)).toEqual(start)
    expect(decide({ ...left, busyWith: './neuronha up (ana@host-1)' })).toEqual(start)
  })

  it('waits until the hold of the runner that died has ended, which would only meet itself', () => {
    const held = { busyWith: 'scheduled drills (demo-drill-1)', isHeldByRunner: true }
    expect(decide({ ...left, ...held, tries: 1, sinceLastTryMs: HOUR })).toEqual(nothing)
    expect(decide({ ...left, tries: 1, sinceLastTryMs: HOUR })).toEqual(start)
  })

  it('is never given up: it is tried ever more seldom, and at last every ten minutes', () => {
    for (const [tries, backoffMs] of [
      [1, 30 * SECOND],
      [2, 2 * MINUTE],
      [3, 10 * MINUTE],
      [50, 10 * MINUTE],
    ] as const) {
      expect(decide({ ...left, tries, sinceLastTryMs: backoffMs - 1 })).toEqual(nothing)
      expect(decide({ ...left, tries, sinceLastTryMs: backoffMs })).toEqual(start)
    }
  })

  it('stays as it is in maintenance, and without a container', () => {
    expect(decide({ ...left, inMaintenance: true })).toEqual(nothing)
    expect(decide({ ...left, runner: { kind: 'absent' } })).toEqual(nothing)
  })
})

describe('the runner', () => {
  it('is stopped when it has run for longer than all that can be asked for takes', () => {
    const running = (forMs: number) => decide({ runner: { kind: 'running', forMs } })
    expect(running(LONGEST_RUN_MS - 1)).toEqual(nothing)
    expect(running(LONGEST_RUN_MS)).toEqual({ kind: 'stop', why: 'it has run for 120 min' })
  })
})
