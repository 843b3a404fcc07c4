import { describe, expect, it } from 'vitest'
import { assertMatches, etagOf } from './etag.ts'
import { pageOf, parseCursor } from './paging.ts'

const ID = '0190f5e0-0000-7000-8000-00000000000a'

describe('pages', () => {
  it('end with a cursor only when there is more, and the cursor names the last row', () => {
    const rows = [{ id: 'a' }, { id: ID }, { id: 'one too many' }]
    const page = pageOf(rows, 2)
    expect(page.items).toEqual([{ id: 'a' }, { id: ID }])
    expect(parseCursor(page.next_cursor ?? '')).toBe(ID)
    expect(pageOf(rows, 3).next_cursor).toBeNull()
  })

  it('refuse a cursor that they did not give', () => {
    expect(parseCursor(undefined)).toBeNull()
    expect(() => parseCursor(Buffer.from("' OR 1=1").toString('base64url'))).toThrow(/cursor/)
  })
})

describe('assertMatches', () => {
  it('refuses a change made from another version', () => {
    expect(() => assertMatches(etagOf(2), 2)).not.toThrow()
    expect(() => assertMatches('"1", "2"', 2)).not.toThrow()
    expect(() => assertMatches('*', 2)).not.toThrow()
    expect(() => assertMatches(undefined, 2)).not.toThrow()
    expect(() => assertMatches(etagOf(1), 2)).toThrow(/version is 2/)
  })
})
