import { expect, test } from 'vitest'
import { formatSchedule, type ScheduleView } from './format-schedule.ts'

const aView = (change: Partial<ScheduleView> = {}): ScheduleView => ({
  schedule: 'monthly',
  scenarios: ['switchover', 'primary-host-loss'],
  off: null,
  nextAt: '2026-12-01T03:17:00.000Z',
  running: null,
  last: [],
  ...change,
})

const aRun = (change: Partial<ScheduleView['last'][number]> = {}) => ({
  drill: 'switchover',
  variant: '',
  withController: true,
  startedAt: '2026-11-01T03:17:04.123Z',
  verdict: 'pass' as const,
  rtoMs: 1240,
  lost: 0,
  clientErrors: 0,
  ...change,
})

test('says what runs when, and what has never run', () => {
  expect(formatSchedule(aView())).toBe(
    [
      'Drills run by themselves, monthly: switchover, primary-host-loss',
      '  next  2026-12-01 03:17 UTC',
      '  switchover: has not run yet',
      '  primary-host-loss: has not run yet',
    ].join('\n'),
  )
})

test('says what came of the last run of each, in the order of the file', () => {
  const last = [
    aRun({ drill: 'primary-host-loss', verdict: 'fail', rtoMs: null, lost: 2, clientErrors: 1 }),
    aRun(),
  ]
  expect(formatSchedule(aView({ last })).split('\n').slice(2)).toEqual([
    '  switchover: pass, RTO 1.2 s, 0 lost, 0 client errors (2026-11-01 03:17 UTC)',
    '  primary-host-loss: fail, 2 lost, 1 client error (2026-11-01 03:17 UTC)',
  ])
})

test('tells a run without controllers from one with them', () => {
  const last = [aRun({ withController: false })]
  expect(formatSchedule(aView({ last }))).toContain('  switchover without controllers: pass')
})

test('says who asked for those that run now, and how far they are', () => {
  const running = {
    by: 'ana@host-1',
    requestedAt: '2026-11-23T10:00:00.000Z',
    done: ['switchover'],
  }
  expect(formatSchedule(aView({ running })).split('\n')[2]).toBe(
    '  now   asked for by ana@host-1 at 2026-11-23 10:00 UTC, 1 of 2 done',
  )
})

test('says why none runs by itself, and still what came of those that somebody ran', () => {
  const off = 'one member alone has nobody to take over'
  const lines = formatSchedule(aView({ off, nextAt: null, last: [aRun()] })).split('\n')
  expect(lines[0]).toBe('No drill runs by itself: one member alone has nobody to take over.')
  expect(lines[1]).toMatch(/^ {2}switchover: pass/)
  expect(lines.join('\n')).not.toContain('next')
})
