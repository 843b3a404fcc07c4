import { expect, it } from 'vitest'
import { BusyMeter } from './busy-meter.ts'

it('tells the share of the last seconds, once it has seen enough of them', () => {
  let at = 0
  let busyMs = 0
  const meter = new BusyMeter(
    () => ({ busyMs, totalMs: 2 * at }),
    () => at,
  )
  const second = (share: number): number | undefined => {
    at += 1000
    busyMs += 2000 * share
    return meter.share()
  }
  expect(meter.share()).toBeUndefined()
  expect([second(1), second(1)]).toEqual([undefined, undefined])
  expect(second(1)).toBeCloseTo(1)
  for (let n = 0; n < 3; n += 1) second(0.2)
  expect(second(0.2)).toBeCloseTo(0.2)
})
