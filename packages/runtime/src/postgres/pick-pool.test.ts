import { describe, expect, it } from 'vitest'
import { pickPool } from './pick-pool.ts'

const aPool = (name: string, held = 0, changes: { trusted?: boolean; usable?: boolean } = {}) => ({
  name,
  isUsable: changes.usable ?? true,
  isTrusted: changes.trusted ?? true,
  slots: { held, waiting: 0 },
})

describe('pickPool', () => {
  it('takes the least busy pooler', () => {
    expect(pickPool([aPool('one', 3), aPool('two', 1)])?.name).toBe('two')
  })

  it('prefers a busy pooler that works to an idle one in doubt', () => {
    expect(pickPool([aPool('one', 9), aPool('two', 0, { trusted: false })])?.name).toBe('one')
  })

  it('tries one in doubt when there is no other, and never a silent one', () => {
    const silent = aPool('one', 0, { usable: false, trusted: false })
    expect(pickPool([silent, aPool('two', 0, { trusted: false })])?.name).toBe('two')
    expect(pickPool([silent])).toBeUndefined()
  })

  it('spreads ties', () => {
    const pools = [aPool('one'), aPool('two')]
    expect(pickPool(pools, () => 0)?.name).toBe('one')
    expect(pickPool(pools, () => 0.99)?.name).toBe('two')
  })
})
