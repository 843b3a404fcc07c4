import { describe, expect, it } from 'vitest'
import { restoreArguments } from './restore-arguments.ts'

describe('what pgBackRest is told to restore', () => {
  it.each([
    [{ kind: 'latest' } as const, ['--type=default']],
    [
      { kind: 'time', time: '2026-11-29T10:15:30.250Z' } as const,
      ['--type=time', '--target=2026-11-29 10:15:30.250+00', '--target-action=promote'],
    ],
    [
      { kind: 'lsn', lsn: '0/5000060' } as const,
      ['--type=lsn', '--target=0/5000060', '--target-action=promote'],
    ],
    [
      { kind: 'name', name: 'before-it' } as const,
      ['--type=name', '--target=before-it', '--target-action=promote'],
    ],
  ])('of %o', (target, words) => {
    expect(restoreArguments(target)).toEqual(words)
  })
})
