/** For every view, in whatever order they come: what must never happen does not. */
import {
  BACKUP_TASKS,
  type BackupEntry,
  type BackupRequest,
  type BackupState,
} from '@neuronha/core/contracts/backups.ts'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import {
  decideBackups,
  dueSince,
  LONGEST_RUN_MS,
  LONGEST_WAIT_MS,
  type BackupsView,
} from './decide-backups.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const NOW = Date.parse('2026-11-28T12:00:00Z')

const aRequest = (by = 'schedule'): BackupRequest => ({
  id: 'r1',
  task: 'incremental',
  by,
  requestedAt: '2026-11-28T11:59:00.000Z',
})

const aView = (change: Partial<BackupsView> = {}): BackupsView => ({
  nowMs: NOW,
  schedules: { full: 'daily', incremental: 'hourly', check: 'hourly' },
  handledUntil: { full: NOW - HOUR, incremental: NOW - MINUTE, check: NOW - MINUTE },
  activeSinceMs: NOW - HOUR,
  state: null,
  primary: null,
  archivedAgainMs: null,
  request: null,
  isBusy: false,
  runner: { kind: 'resting' },
  tries: 0,
  sinceLastTryMs: null,
  inMaintenance: false,
  ...change,
})

/** Mostly a cluster in which backups may be made, so that what matters is reached often. */
const mostly = <T>(value: T, ...others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(value) },
    ...others.map((other) => ({ weight: 1, arbitrary: fc.constant(other) })),
  )
const ago = fc.option(fc.nat({ max: 40 * HOUR }), { freq: 5 })

const view: fc.Arbitrary<BackupsView> = fc
  .record({
    nowMs: fc.integer({ min: NOW, max: NOW + 48 * HOUR }),
    full: ago,
    incremental: ago,
    check: ago,
    activeForMs: fc.nat({ max: 3 * HOUR }),
    request: mostly<BackupRequest | null>(null, aRequest(), aRequest('ana@host-1')),
    isBusy: mostly(false, true),
    runner: mostly<BackupsView['runner']>(
      { kind: 'resting' },
      { kind: 'absent' },
      { kind: 'running', forMs: 1000 },
      { kind: 'running', forMs: LONGEST_RUN_MS },
    ),
    tries: fc.nat({ max: 6 }),
    sinceLastTryMs: fc.option(fc.nat({ max: HOUR })),
    inMaintenance: mostly(false, true),
  })
  .map(({ full, incremental, check, activeForMs, ...seen }) => ({
    ...aView(seen),
    activeSinceMs: seen.nowMs - activeForMs,
    handledUntil: Object.fromEntries(
      Object.entries({ full, incremental, check }).flatMap(([task, agoMs]) =>
        agoMs === null ? [] : [[task, seen.nowMs - agoMs]],
      ),
    ),
  }))

const RUNS = { numRuns: 2000 }

test('never two at once: nothing is asked for or begun while a runner runs or something is asked for', () => {
  fc.assert(
    fc.property(view, (seen) => {
      const { kind } = decideBackups(seen)
      if (seen.runner.kind === 'running') expect(['nothing', 'stop']).toContain(kind)
      if (seen.request !== null) expect(kind).not.toBe('request')
      if (kind === 'start') expect(seen.request).not.toBeNull()
    }),
    RUNS,
  )
})

test('what is asked for by the schedule is due, and is heeded by the asking', () => {
  let asked = 0
  fc.assert(
    fc.property(view, (seen) => {
      const decision = decideBackups(seen)
      if (decision.kind !== 'request') return
      asked += 1
      expect(seen.inMaintenance).toBe(false)
      expect(dueSince(decision.task, seen)).toBeLessThanOrEqual(seen.nowMs)
      const handled = Object.fromEntries(decision.heeded.map((task) => [task, seen.nowMs]))
      const after = { ...seen, handledUntil: { ...seen.handledUntil, ...handled } }
      expect(dueSince(decision.task, after)).toBeNull()
    }),
    RUNS,
  )
  expect(asked).toBeGreaterThan(100)
})

test('in maintenance only what a person asks for is begun', () => {
  fc.assert(
    fc.property(view, (seen) => {
      const { kind } = decideBackups({ ...seen, inMaintenance: true })
      if (kind === 'start') expect(seen.request?.by).toBe('ana@host-1')
    }),
    RUNS,
  )
})

describe('a task', () => {
  it('that was missed a hundred times is caught up on once', () => {
    const seen = aView({ handledUntil: { full: NOW, check: NOW, incremental: NOW - 100 * HOUR } })
    expect(decideBackups(seen)).toEqual({
      kind: 'request',
      task: 'incremental',
      heeded: ['incremental'],
    })
    const after = { ...seen, handledUntil: { ...seen.handledUntil, incremental: NOW } }
    expect(decideBackups(after)).toEqual({ kind: 'nothing' })
  })

  it('that a full backup makes superfluous is not done beside it', () => {
    const seen = aView({ handledUntil: { full: NOW - 48 * HOUR, incremental: NOW - 2 * HOUR } })
    expect(decideBackups(seen)).toMatchObject({ task: 'full', heeded: ['full', 'incremental'] })
  })

  it('is a full backup in a cluster that nothing was ever backed up of, once it has settled', () => {
    const first = aView({ handledUntil: {}, activeSinceMs: NOW - 10_000 })
    expect(decideBackups(first)).toEqual({ kind: 'nothing' })
    expect(decideBackups({ ...first, nowMs: NOW + MINUTE })).toMatchObject({ task: 'full' })
  })

  it('waits for whoever changes the cluster, but not for ever', () => {
    const dueFor = (ms: number) =>
      aView({ isBusy: true, handledUntil: { ...aView().handledUntil, incremental: NOW - ms } })
    expect(decideBackups(dueFor(HOUR))).toEqual({ kind: 'nothing' })
    expect(decideBackups(dueFor(LONGEST_WAIT_MS + 2 * HOUR))).toMatchObject({
      task: 'incremental',
    })
  })
})

describe('an archive with a hole', () => {
  const aBackup = (start_wal: string): BackupEntry => ({
    label: '20261128-100000F',
    kind: 'full',
    started_at: '2026-11-28T10:00:00.000Z',
    ended_at: '2026-11-28T10:00:09.000Z',
    start_lsn: '0/7000028',
    start_wal,
    stop_lsn: '0/7001108',
    database_bytes: 1,
    stored_bytes: 1,
    has_errors: false,
    verification: null,
  })
  const aState = (start_wal: string, failed = false): BackupState => ({
    looked_at: new Date(NOW - MINUTE).toISOString(),
    repositories: [
      {
        ...{ name: 'repo1', place: 'p', ok: true, detail: '', wal_from: null, wal_to: null },
        gaps: [{ after: '000000010000000000000008', before: '000000020000000000000010' }],
        backups: [aBackup(start_wal)],
        backups_total: 1,
      },
    ],
    last: failed
      ? { incremental: { request: 'r', at: '2026-11-28T11:00:00.000Z', ok: false, detail: 'no' } }
      : {},
  })

  it('after the newest backup is answered by another one at once', () => {
    expect(decideBackups(aView({ state: aState('000000010000000000000007') }))).toMatchObject({
      kind: 'request',
      task: 'incremental',
    })
  })

  it('before the newest backup is history', () => {
    expect(decideBackups(aView({ state: aState('000000020000000000000011') }))).toEqual({
      kind: 'nothing',
    })
  })

  it('is not answered every few seconds while that fails', () => {
    const failing = aView({ state: aState('000000010000000000000007', true) })
    expect(decideBackups(failing)).toEqual({ kind: 'nothing' })
    expect(decideBackups({ ...failing, nowMs: NOW + 15 * MINUTE })).toMatchObject({
      task: 'incremental',
    })
  })
})

describe('a new primary', () => {
  const lookedAt = (agoMs: number, newest = '000000010000000000000008'): BackupState => ({
    looked_at: new Date(NOW - agoMs).toISOString(),
    repositories: [
      {
        ...{ name: 'repo1', place: 'p', ok: true, detail: '', wal_from: null, wal_to: newest },
        ...{ gaps: [], backups: [], backups_total: 0 },
      },
    ],
    last: {},
  })
  const since = (agoMs: number, state: BackupState) =>
    decideBackups(aView({ state, primary: { timeline: 2, sinceMs: NOW - agoMs } }))

  it('has the archive looked at soon, once, and not while it takes over', () => {
    expect(since(10_000, lookedAt(20 * MINUTE))).toEqual({ kind: 'nothing' })
    expect(since(MINUTE, lookedAt(20 * MINUTE))).toMatchObject({ task: 'check' })
    expect(since(MINUTE, lookedAt(20_000))).toEqual({ kind: 'nothing' })
  })

  it('that archives something again has the archive looked at when that is done, once', () => {
    const again = (agoMs: number, lookedAgoMs: number) =>
      decideBackups(aView({ state: lookedAt(lookedAgoMs), archivedAgainMs: NOW - agoMs }))
    expect(again(20_000, 2 * MINUTE)).toEqual({ kind: 'nothing' })
    expect(again(2 * MINUTE, 3 * MINUTE)).toMatchObject({ task: 'check' })
    expect(again(2 * MINUTE, 10_000)).toEqual({ kind: 'nothing' })
  })

  it('that the last look knew is none', () => {
    expect(since(MINUTE, lookedAt(20 * MINUTE, '000000020000000000000009'))).toEqual({
      kind: 'nothing',
    })
  })
})

it('knows a schedule for every task but the one that follows each backup', () => {
  expect([...Object.keys(aView().schedules), 'verify'].sort()).toEqual([...BACKUP_TASKS].sort())
})
