import { describe, expect, it } from 'vitest'
import { isCurrentPrimary, isFreshEnough } from './freshness.ts'
import type { ReplayPosition } from './transaction.ts'

const aStandby = (changes: Partial<ReplayPosition> = {}): ReplayPosition => ({
  inRecovery: true,
  lsn: '0/100',
  timeline: 2,
  lagMs: 10,
  ...changes,
})

describe('isFreshEnough', () => {
  it('takes a standby within the lag limit and refuses one beyond it', () => {
    expect(isFreshEnough(aStandby({ lagMs: 1000 }), 1000, undefined)).toBe(true)
    expect(isFreshEnough(aStandby({ lagMs: 1001 }), 1000, undefined)).toBe(false)
  })

  it('takes an unknown lag for too old', () => {
    expect(isFreshEnough(aStandby({ lagMs: null }), 1000, undefined)).toBe(false)
  })

  it('refuses a standby that has not replayed the caller’s own write', () => {
    expect(isFreshEnough(aStandby(), 1000, { lsn: '0/100', timeline: 2 })).toBe(true)
    expect(isFreshEnough(aStandby(), 1000, { lsn: '0/101', timeline: 2 })).toBe(false)
    expect(isFreshEnough(aStandby(), 1000, { lsn: '0/1', timeline: 3 })).toBe(false)
  })

  it('takes a primary, which has no lag', () => {
    const primary = aStandby({ inRecovery: false, lagMs: 0 })
    expect(isFreshEnough(primary, 1000, { lsn: '0/200', timeline: 2 })).toBe(true)
  })
})

describe('isCurrentPrimary', () => {
  it('refuses a standby and a primary of an older timeline than the caller has seen', () => {
    const primary = aStandby({ inRecovery: false, lagMs: 0 })
    expect(isCurrentPrimary(aStandby(), undefined)).toBe(false)
    expect(isCurrentPrimary(primary, { lsn: '0/1', timeline: 2 })).toBe(true)
    expect(isCurrentPrimary(primary, { lsn: '0/1', timeline: 3 })).toBe(false)
  })
})
