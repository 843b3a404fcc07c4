import type { DrillResult } from '@neuronha/core/contracts/drill-result.ts'
import { expect, test } from 'vitest'
import { aPassedResult } from '../testing.ts'
import { joinHistories } from './join-histories.ts'

const PASSED = aPassedResult()

const aRun = (startedAt: string, change: Partial<DrillResult> = {}): DrillResult => ({
  ...PASSED,
  startedAt,
  reportFile: null,
  ...change,
})

const NIGHT = '2026-11-23T03:17:00.000Z'

test('a run that is in both is there once, as the file has it, which knows its report', () => {
  const file = aRun(NIGHT, { reportFile: '/state/drills/x.html' })
  expect(joinHistories([file], [aRun(NIGHT)])).toEqual([file])
})

test('the same moment is the same, however PostgreSQL writes it', () => {
  const database = aRun('2026-11-23T04:17:00+01:00')
  expect(joinHistories([aRun(NIGHT)], [database])).toHaveLength(1)
})

test('runs of commands and of controllers stand together in order of time', () => {
  const files = [aRun('2026-11-25T12:00:00.000Z'), aRun('2026-11-23T03:00:00.000Z')]
  const database = [aRun('2026-11-24T03:17:00.000Z'), aRun('2026-11-22T23:17:00-08:00')]
  expect(joinHistories(files, database).map(({ startedAt }) => startedAt)).toEqual([
    '2026-11-23T03:00:00.000Z',
    '2026-11-22T23:17:00-08:00',
    '2026-11-24T03:17:00.000Z',
    '2026-11-25T12:00:00.000Z',
  ])
  expect(joinHistories([], [])).toEqual([])
})

test('two drills that began at one moment are two', () => {
  const both = [aRun(NIGHT, { drill: 'switchover' }), aRun(NIGHT, { drill: 'etcd-down' })]
  expect(joinHistories(both, [])).toHaveLength(2)
})
