import { describe, expect, it } from 'vitest'
import {
  decideRestoreTests,
  FIRST_AFTER_MS,
  LONGEST_RUN_MS,
  type RestoreTestsView,
} from './decide-restore-tests.ts'

const DAY = 86_400_000
const NOW = Date.parse('2026-11-28T12:00:00Z')

const aView = (change: Partial<RestoreTestsView> = {}): RestoreTestsView => ({
  nowMs: NOW,
  schedule: 'weekly',
  handledUntilMs: NOW - DAY,
  activeSinceMs: NOW - DAY,
  hasBackup: true,
  request: null,
  isBusy: false,
  runner: { kind: 'resting' },
  tries: 0,
  sinceLastTryMs: null,
  inMaintenance: false,
  ...change,
})
const kindOf = (change: Partial<RestoreTestsView>): string => decideRestoreTests(aView(change)).kind

describe('a restore test', () => {
  it('is due by its schedule, and caught up on once', () => {
    expect(kindOf({})).toBe('nothing')
    expect(kindOf({ handledUntilMs: NOW - 30 * DAY })).toBe('request')
    expect(kindOf({ handledUntilMs: NOW })).toBe('nothing')
    expect(kindOf({ schedule: 'never', handledUntilMs: NOW - 30 * DAY })).toBe('nothing')
  })

  it('is due for the first time soon after the first backup', () => {
    const young = { handledUntilMs: null, activeSinceMs: NOW - 60_000 }
    expect(kindOf(young)).toBe('nothing')
    expect(kindOf({ ...young, activeSinceMs: NOW - FIRST_AFTER_MS })).toBe('request')
    expect(kindOf({ handledUntilMs: null, hasBackup: false })).toBe('nothing')
  })

  it('waits for maintenance to end and for whoever changes the cluster, unless a person asks', () => {
    const due = { handledUntilMs: NOW - 6.5 * DAY - 3_600_000 }
    const request = (by: string) => ({ request: { id: 'r1', by }, inMaintenance: true })
    expect(kindOf({ ...due, inMaintenance: true })).toBe('nothing')
    expect(kindOf(request('schedule'))).toBe('nothing')
    expect(kindOf(request('ana@host-1'))).toBe('start')
  })

  it('is one at a time, and none runs for ever', () => {
    const due = { handledUntilMs: NOW - 30 * DAY }
    expect(kindOf({ ...due, runner: { kind: 'running', forMs: 1000 } })).toBe('nothing')
    expect(kindOf({ ...due, runner: { kind: 'running', forMs: LONGEST_RUN_MS } })).toBe('stop')
    expect(kindOf({ ...due, request: { id: 'r1', by: 'schedule' } })).toBe('start')
  })
})
