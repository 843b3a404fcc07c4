import type { PlatformEvent } from '@neuronha/core/contracts/coordination.ts'
import { describe, expect, it } from 'vitest'
import { byDay, evidenceText, toneOf, withNewest, withOlder } from './events-view.ts'

const event = (n: number, change: Partial<PlatformEvent> = {}): PlatformEvent => ({
  id: `0mhw3f2k1${String(n).padStart(8, '0')}`,
  at: new Date(Date.UTC(2026, 10, 23, 12, 0, n)).toISOString(),
  source: 'c-controller-1',
  actor: 'controller',
  kind: 'failover.fenced',
  severity: 'info',
  summary: `event ${n}`,
  target: null,
  evidence: {},
  ...change,
})
const page = (numbers: readonly number[], hasOlder = false, incomplete: string[] = []) => ({
  items: numbers.map((n) => event(n)),
  has_older: hasOlder,
  incomplete,
})
const numbers = ({ items }: { readonly items: readonly PlatformEvent[] }) =>
  items.map(({ summary }) => Number(summary.slice(6)))

describe('the events of a page', () => {
  it('are each there once, the newest first', () => {
    const first = withNewest(undefined, page([1, 2, 3], true))
    const second = withNewest(first, page([2, 3, 4], true, ['etcd does not answer']))
    expect(numbers(second)).toEqual([4, 3, 2, 1])
    expect(second.incomplete).toEqual(['etcd does not answer'])
  })

  it('know whether there are older ones, however often the newest are asked for', () => {
    const first = withNewest(undefined, page([5, 6], true))
    const older = withOlder(first, page([3, 4]))
    expect(numbers(older)).toEqual([6, 5, 4, 3])
    expect(withNewest(older, page([6, 7], true)).hasOlder).toBe(false)
  })

  it('begin anew when so many came that one answer leaves a gap', () => {
    const first = withNewest(undefined, page([1, 2]))
    const later = withNewest(first, page([8, 9], true))
    expect(numbers(later)).toEqual([9, 8])
    expect(later.hasOlder).toBe(true)
    expect(numbers(withNewest(first, page([8, 9])))).toEqual([9, 8, 2, 1])
  })

  it('are grouped by day', () => {
    const days = byDay([event(2), event(1, { at: '2026-11-20T12:00:00.000Z' })])
    expect(days.map(numbers)).toEqual([[2], [1]])
    expect(days[1]?.title).toMatch(/^Friday.* 20 November 2026$/)
  })

  it('are quiet unless they warn, or say that all is well again', () => {
    expect(toneOf(event(1))).toBe('unknown')
    expect(toneOf(event(1, { severity: 'critical' }))).toBe('bad')
    expect(toneOf(event(1, { kind: 'cluster.health' }))).toBe('good')
  })
})

describe('evidence', () => {
  it('is a line where it can be, and a block where it must be', () => {
    expect(evidenceText('exited')).toEqual({ text: 'exited', isBlock: false })
    expect(evidenceText(7)).toEqual({ text: '7', isBlock: false })
    expect(evidenceText(null)).toEqual({ text: 'null', isBlock: false })
    expect(evidenceText([])).toEqual({ text: 'none', isBlock: false })
    expect(evidenceText(['a', 'b'])).toEqual({ text: 'a\nb', isBlock: true })
    expect(evidenceText({ a: 1 }).isBlock).toBe(true)
  })
})
