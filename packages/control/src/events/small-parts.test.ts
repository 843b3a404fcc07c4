import { describe, expect, test } from 'vitest'
import { chooseToDrop, countKinds, describeDropped } from './drop-order.ts'
import { decodeEvent, toStorable } from './event-codec.ts'
import { firstIdAt, msOfId, nextEventId } from './event-id.ts'
import { formatEvent } from './format-events.ts'
import { anEvent, START_MS } from './testing.ts'

describe('the number of an event', () => {
  test('sorts by time, and tells it', () => {
    const early = nextEventId(undefined, START_MS, () => 1_000_000)
    const late = nextEventId(undefined, START_MS + 1, () => 0)
    expect(early < late).toBe(true)
    expect(early).toHaveLength(17)
    expect(msOfId(early)).toBe(START_MS)
    expect(firstIdAt(START_MS) <= early && early < firstIdAt(START_MS + 1)).toBe(true)
  })

  test('grows within a millisecond, and when the clock goes back', () => {
    const ids = [nextEventId(undefined, START_MS, () => 35)]
    for (const nowMs of [START_MS, START_MS, START_MS - 5000, START_MS - 1, START_MS + 1])
      ids.push(nextEventId(ids.at(-1), nowMs, () => 0))
    expect(ids).toEqual(ids.toSorted())
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('goes on with the next millisecond when one is full', () => {
    const full = `${firstIdAt(START_MS)}zzzzzzzz`
    expect(nextEventId(full, START_MS, () => 0)).toBe(`${firstIdAt(START_MS + 1)}00000000`)
  })
})

describe('what is given up', () => {
  const all = [
    anEvent(1, { severity: 'critical' }),
    anEvent(2, { severity: 'warning' }),
    anEvent(3),
    anEvent(4),
    anEvent(5, { severity: 'warning' }),
  ]
  const dropped = (count: number) => chooseToDrop(all, count).map(({ summary }) => summary.slice(6))

  test('is the oldest of the least severe first', () => {
    expect(dropped(0)).toEqual([])
    expect(dropped(1)).toEqual(['3'])
    expect(dropped(3)).toEqual(['2', '3', '4'])
    expect(dropped(4)).toEqual(['2', '3', '4', '5'])
    expect(dropped(9)).toHaveLength(5)
  })

  test('is said by kind', () => {
    const kinds = countKinds([{ kind: 'a' }, { kind: 'b' }, { kind: 'a' }])
    expect(describeDropped(kinds)).toBe('3 events dropped (2 a, 1 b)')
  })
})

describe('an event as text', () => {
  test('comes back as it was', () => {
    const event = anEvent(1, { evidence: { lsn: '0/1', members: ['a', { n: 1.5 }], none: null } })
    expect(decodeEvent(event.id, JSON.stringify(toStorable(event)))).toEqual(event)
  })

  test('holds nothing that PostgreSQL cannot store', () => {
    const cyclic: Record<string, unknown> = {}
    cyclic['self'] = cyclic
    const evidence = { nul: 'a\0b', half: '\ud800', big: 10n, not: NaN, gone: undefined, cyclic }
    const stored = toStorable(anEvent(1, { summary: 'x\0', evidence: evidence as never }))
    const text = JSON.stringify(stored)
    expect(text).not.toContain('\\u0000')
    expect(text).not.toMatch(/\\ud[89a-f]/i)
    expect(stored.evidence).toMatchObject({ big: '10', not: 'NaN' })
  })

  test('says how much evidence was too much', () => {
    const evidence = { log: 'ä'.repeat(5000) }
    expect(toStorable(anEvent(1, { evidence })).evidence).toEqual({
      omitted: 'evidence of 10010 bytes',
    })
  })

  test.each(['', 'not json', '{"id":"x"}', JSON.stringify(anEvent(1, { at: '-000001' }))])(
    'that cannot be read is an event of its own: %s',
    (text) => {
      const { id } = anEvent(7)
      const event = decodeEvent(id, text)
      expect(event).toMatchObject({ id, kind: 'events.unreadable', at: anEvent(7).at })
      expect(event.evidence).toEqual({ text })
    },
  )
})

describe('an event on a terminal', () => {
  const event = anEvent(3, {
    kind: 'failover.fenced',
    severity: 'critical',
    summary: 'The primary was fenced: its container ended and stays down',
    target: 'demo-member-1',
  })

  test('has its columns on one line where there is room', () => {
    expect(formatEvent(event, { color: false, width: 140 })).toBe(
      '2026-11-23 20:00:03  ✗  failover.fenced      demo-member-1  The primary was fenced: its container ended and stays down (demo-controller-1)',
    )
  })

  test('goes on below its text where there is less', () => {
    const lines = formatEvent(event, { color: false, width: 90 }).split('\n')
    expect(lines.every((line) => line.length <= 90)).toBe(true)
    expect(lines[1]).toMatch(/^ {45}\S/)
  })

  test('has its text below everything on a narrow one', () => {
    const lines = formatEvent(event, { color: false, width: 50 }).split('\n')
    expect(lines[0]).toBe('2026-11-23 20:00:03  ✗  failover.fenced')
    expect(lines[1]).toMatch(/^ {2}demo-member-1/)
  })

  test('colours move nothing', () => {
    const plain = formatEvent(event, { color: false, width: 80 })
    const coloured = formatEvent(event, { color: true, width: 80 })
    // eslint-disable-next-line no-control-regex
    expect(coloured.replace(/\x1b\[\d+m/g, '')).toBe(plain)
    expect(coloured).toContain('\x1b[31m')
  })
})
