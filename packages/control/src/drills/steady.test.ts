import { expect, it } from 'vitest'
import type { LedgerLine } from '@neuronha/core/config/loadgen.ts'
import { steadinessOf } from './steady.ts'

const path = (inFlight: number) => ({
  attempted: 100,
  acknowledged: 90,
  inFlight,
  clientErrors: 0,
  failedTries: 0,
})
const second = (atMs: number, http: number, sql = 0): LedgerLine => ({
  event: 'progress',
  atMs,
  http: path(http),
  sql: path(sql),
})

it('is steady after three seconds in which little was in flight', () => {
  expect(steadinessOf([second(1000, 2), second(2000, 4), second(3000, 9)], 20).kind).toBe('steady')
})

it('is not steady before that, or while one path is behind', () => {
  expect(steadinessOf([], 20)).toEqual({ kind: 'not-yet', inFlight: 0 })
  expect(steadinessOf([second(1000, 1), second(2000, 1)], 20).kind).toBe('not-yet')
  const behind = [second(1000, 2), second(2000, 2, 31), second(3000, 2)]
  expect(steadinessOf(behind, 20)).toEqual({ kind: 'not-yet', inFlight: 2 })
})

it('forgets what was behind in the beginning', () => {
  const lines = [60, 48, 3, 2, 2].map((inFlight, index) => second(index * 1000, inFlight))
  expect(steadinessOf(lines, 20).kind).toBe('steady')
})
