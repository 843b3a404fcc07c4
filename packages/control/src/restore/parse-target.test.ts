import { describe, expect, it } from 'vitest'
import { toPlatformError, type PlatformError } from '@neuronha/core/errors.ts'
import { assertReachable, parseTarget } from './parse-target.ts'

const refusalOf = (act: () => unknown): PlatformError => {
  try {
    act()
  } catch (thrown) {
    return toPlatformError(thrown)
  }
  return expect.fail('nothing was refused')
}

describe('the moment that is to be restored', () => {
  it.each([
    ['latest', { kind: 'latest' }],
    ['0/5000060', { kind: 'lsn', lsn: '0/5000060' }],
    ['1a/ff', { kind: 'lsn', lsn: '1A/FF' }],
    ['before-the-migration', { kind: 'name', name: 'before-the-migration' }],
    ['2026-11-29 10:15', { kind: 'time', time: '2026-11-29T10:15:00.000Z' }],
    ['2026-11-29T10:15:30Z', { kind: 'time', time: '2026-11-29T10:15:30.000Z' }],
    ['2026-11-29 10:15:30.250 UTC', { kind: 'time', time: '2026-11-29T10:15:30.250Z' }],
    ['2026-11-29 10:15:30+02', { kind: 'time', time: '2026-11-29T08:15:30.000Z' }],
    ['2026-11-29 10:15:30 -0330', { kind: 'time', time: '2026-11-29T13:45:30.000Z' }],
    ['2026-11-29 10:15:30+05:30', { kind: 'time', time: '2026-11-29T04:45:30.000Z' }],
  ])('reads %s', (text, target) => {
    expect(parseTarget(text)).toEqual(target)
  })

  it.each(['', '2026-02-30 10:00', '2026-11-29', '29.11.2026 10:15', '10:15', 'a b', "x'; DROP"])(
    'refuses %j, and says what can be written',
    (text) => {
      const { code, hint } = refusalOf(() => parseTarget(text))
      expect(code).toBe('USAGE')
      expect(hint).toContain('latest')
    },
  )

  const window = { from: '2026-11-28T00:00:00.000Z', to: '2026-11-29T10:00:00.000Z' }

  it('names the nearest moment to one before the oldest backup, and to one after what is archived', () => {
    const early = refusalOf(() => assertReachable(parseTarget('2026-11-27 23:59'), window))
    expect(early.message).toContain('before the oldest backup')
    expect(early.hint).toContain('nearest moment that can be restored is 2026-11-28 00:00:00 UTC')
    const late = refusalOf(() => assertReachable(parseTarget('2026-11-29 10:00:01'), window))
    expect(late.message).toContain('after what is archived')
    expect(late.hint).toContain('nearest moment that can be restored is 2026-11-29 10:00:00 UTC')
  })

  it('lets through what lies in the window, and what has no time', () => {
    for (const text of ['2026-11-28 00:00', '2026-11-29 10:00', 'latest', '0/1', 'a-name'])
      expect(() => assertReachable(parseTarget(text), window)).not.toThrow()
  })

  it('refuses everything while no moment can be restored', () => {
    expect(refusalOf(() => assertReachable({ kind: 'latest' }, null)).message).toContain(
      'no moment',
    )
  })
})
