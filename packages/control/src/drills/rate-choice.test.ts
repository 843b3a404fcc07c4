import { expect, it } from 'vitest'
import { RateChoice } from './rate-choice.ts'
import { steadinessOf } from './steady.ts'
import { progressSecond as second } from './testing.ts'

it('goes from 50 requests a second down to 5, and no further', () => {
  const choice = new RateChoice()
  const tried = [choice.ratePerSecond]
  while (choice.lower()) tried.push(choice.ratePerSecond)
  expect(tried).toEqual([50, 25, 10, 5])
  expect(choice.lower()).toBe(false)
  expect(choice.ratePerSecond).toBe(5)
})

it('wants room to spare, but for the lowest', () => {
  const choice = new RateChoice()
  const busy = [1000, 2000, 3000].map((atMs) => second(atMs, 20))
  expect(steadinessOf(busy, choice.ratePerSecond, choice.terms).isSteady).toBe(false)
  const quick = [1000, 2000, 3000].map((atMs) => second(atMs, 7))
  expect(steadinessOf(quick, choice.ratePerSecond, choice.terms).isSteady).toBe(true)
  while (choice.lower());
  expect(choice.terms.withinMs).toBe(60_000)
})
