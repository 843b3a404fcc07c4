import { describe, expect, it } from 'vitest'
import { GUARDS } from '../guards/guards.ts'
import { occurrences } from '../guards/without-guard.ts'

describe('each guard that `npm run guards` takes away', () => {
  it.each(GUARDS)('stands in $file once: $without', (guard) => {
    expect(occurrences(guard)).toBe(1)
    expect(guard.instead).not.toBe(guard.code)
  })
})
