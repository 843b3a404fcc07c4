import { describe, expect, it } from 'vitest'
import { boundRows, MAX_ANSWER_LENGTH, MAX_VALUE_LENGTH } from './bound-rows.ts'

describe('boundRows', () => {
  it('keeps as many rows as were asked for and says that there are more', () => {
    const bounded = boundRows([['1'], ['2'], ['3']], 2)
    expect(bounded).toEqual({ rows: [['1'], ['2']], truncated: true, shortenedValues: 0 })
  })

  it('says that nothing was left out when all rows fit', () => {
    expect(boundRows([['1'], [null]], 2).truncated).toBe(false)
  })

  it('cuts long values and counts them', () => {
    const bounded = boundRows([['x'.repeat(MAX_VALUE_LENGTH + 1), 'y']], 10)
    expect(bounded.shortenedValues).toBe(1)
    expect(bounded.rows[0]?.[0]).toHaveLength(MAX_VALUE_LENGTH + 1)
    expect(bounded.rows[0]?.[0]?.endsWith('…')).toBe(true)
  })

  it('stops before an answer grows too long, but never before its first row', () => {
    const wide = Array.from({ length: 60 }, () => 'x'.repeat(MAX_VALUE_LENGTH))
    const bounded = boundRows([wide, wide, wide], 10)
    expect(bounded.rows).toHaveLength(1)
    expect(bounded.truncated).toBe(true)
    const narrow = Array.from({ length: 100 }, () => ['x'.repeat(MAX_VALUE_LENGTH)])
    expect(boundRows(narrow, 100).rows.length).toBe(
      Math.floor(MAX_ANSWER_LENGTH / (MAX_VALUE_LENGTH + 8)),
    )
  })
})
