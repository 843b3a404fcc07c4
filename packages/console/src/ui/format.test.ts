import { describe, expect, it } from 'vitest'
import { matchingCommands } from './CommandPalette.tsx'
import { formatAge, formatBytes, formatMs, plural } from './format.ts'
import { sparklinePath } from './Sparkline.tsx'

describe('numbers', () => {
  it('are bytes with PostgreSQL’s units', () => {
    expect([0, 1023, 1024, 16_777_216, 1_500_000, null].map(formatBytes)).toEqual([
      '0 B',
      '1023 B',
      '1 kB',
      '16 MB',
      '1.43 MB',
      '–',
    ])
  })

  it('are times and ages in one unit', () => {
    expect([0, 999, 1500, 61_000, null].map(formatMs)).toEqual([
      '0 ms',
      '999 ms',
      '1.5 s',
      '1 min',
      '–',
    ])
    expect([999, 59_999, 3_600_000, 90_000_000].map(formatAge)).toEqual([
      '0 s',
      '59 s',
      '1 h',
      '1 d',
    ])
    expect(plural(1, 'client')).toBe('1 client')
    expect(plural(1200, 'client')).toBe('1,200 clients')
  })

  it('leave a gap in a curve where nothing is known', () => {
    expect(sparklinePath([0, null, 1000], 1000)).toBe('M0.0 17.0M64.0 1.0')
  })
})

describe('the palette', () => {
  const command = (label: string, kind: string) => ({
    id: label,
    label,
    kind,
    icon: null,
    run: () => undefined,
  })
  const commands = [
    command('Sign out', 'Action'),
    command('New agent', 'Action'),
    command('agent-1', 'Agent'),
  ]

  it('finds every word, and what begins with it first', () => {
    expect(matchingCommands(commands, 'agent').map(({ id }) => id)).toEqual([
      'agent-1',
      'New agent',
    ])
    expect(matchingCommands(commands, 'act new').map(({ id }) => id)).toEqual(['New agent'])
    expect(matchingCommands(commands, 'nothing')).toEqual([])
  })
})
