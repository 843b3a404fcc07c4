import { expect, it } from 'vitest'
import type { LedgerLine } from '@neuronha/core/config/loadgen.ts'
import { KEEPS_UP, steadinessOf } from './steady.ts'
import { progressSecond as second } from './testing.ts'

const stateOf = (lines: readonly LedgerLine[]) => steadinessOf(lines, 20, KEEPS_UP)

it('is steady after three seconds in which little was in flight', () => {
  expect(stateOf([second(1000, 2), second(2000, 4), second(3000, 9)]).isSteady).toBe(true)
})

it('is not steady before that, or while one path is behind', () => {
  expect(stateOf([])).toEqual({ isSteady: false, inFlight: 0 })
  expect(stateOf([second(1000, 1), second(2000, 1)]).isSteady).toBe(false)
  const behind = [second(1000, 2), second(2000, 2, 31), second(3000, 2)]
  expect(stateOf(behind)).toEqual({ isSteady: false, inFlight: 2 })
})

it('forgets what was behind in the beginning', () => {
  const lines = [60, 48, 3, 2, 2].map((inFlight, index) => second(index * 1000, inFlight))
  expect(stateOf(lines).isSteady).toBe(true)
})
