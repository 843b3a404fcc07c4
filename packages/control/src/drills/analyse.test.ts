import type { LedgerDone, LedgerLine } from '@neuronha/core/config/loadgen.ts'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  analysePath,
  gapOf,
  longestGap,
  percentile,
  seriesOf,
  unexpectedWrites,
} from './analyse.ts'
import { aDone, aLoadWithOutage, anEnd } from './testing.ts'

const found = (counts: Readonly<Record<string, number>>) => ({
  counts: new Map(Object.entries(counts)),
  keyOf: ({ id }: LedgerDone): string => id,
})

describe('the longest gap', () => {
  it('counts the time before the first and after the last acknowledgement', () => {
    expect(longestGap([400, 500], 600)).toEqual({ startMs: 0, endMs: 400 })
    expect(longestGap([100, 200], 900)).toEqual({ startMs: 200, endMs: 900 })
  })

  it('is the whole window when nothing was ever acknowledged', () => {
    expect(longestGap([], 5000)).toEqual({ startMs: 0, endMs: 5000 })
  })

  it('does not look beyond the window, where draining is still acknowledging', () => {
    expect(longestGap([10, 990, 4000], 1000)).toEqual({ startMs: 10, endMs: 990 })
  })

  it('is null when there was no load', () => {
    expect(longestGap([], 0)).toBeNull()
  })

  it('is a span without acknowledgements, and no acknowledged span is longer', () => {
    const times = fc.array(fc.integer({ min: 0, max: 9_999 }), { maxLength: 60 })
    fc.assert(
      fc.property(times, (atMs) => {
        const gap = longestGap(atMs, 10_000)
        if (gap === null) return false
        const isEmpty = !atMs.some((at) => at > gap.startMs && at < gap.endMs)
        const edges = [0, ...[...atMs].sort((a, b) => a - b), 10_000]
        const longest = Math.max(...edges.slice(1).map((at, index) => at - (edges[index] ?? 0)))
        return isEmpty && gap.endMs - gap.startMs === longest
      }),
    )
  })

  it('of a path ignores what the other path acknowledged', () => {
    const lines = [
      ...aLoadWithOutage({ path: 'http', seconds: 10, ratePerSecond: 50, outageMs: [4000, 7000] }),
      ...aLoadWithOutage({ path: 'sql', seconds: 10, ratePerSecond: 50, outageMs: [4000, 4500] }),
      anEnd(10_000),
    ]
    expect(gapOf(lines, 'http')?.endMs).toBeGreaterThanOrEqual(7000)
    expect(gapOf(lines, 'sql')?.endMs).toBeLessThan(4600)
  })
})

describe('the numbers of a path', () => {
  it('count an acknowledged write that is not found as lost, and a failed one not', () => {
    const lines: LedgerLine[] = [
      aDone({ seq: 0 }),
      aDone({ seq: 1 }),
      aDone({ seq: 2, outcome: 'failed', kind: 'timeout' }),
      anEnd(100),
    ]
    const result = analysePath(lines, 'http', found({ 'id-0': 1 }))
    expect(result).toMatchObject({ attempted: 3, acknowledged: 2, lost: 1, clientErrors: 1 })
  })

  it('count a write that is there twice as duplicated, even if it was never acknowledged', () => {
    const lines = [
      aDone({ seq: 0 }),
      aDone({ seq: 1, outcome: 'failed', kind: 'timeout' }),
      anEnd(100),
    ]
    expect(analysePath(lines, 'http', found({ 'id-0': 1, 'id-1': 2 })).duplicated).toBe(1)
  })

  it('measure latency from the scheduled start, not from the send', () => {
    const lines = [aDone({ scheduledMs: 1000, sentMs: 1400, endMs: 1500 }), anEnd(2000)]
    const result = analysePath(lines, 'http', null)
    expect(result).toMatchObject({ longestStallMs: 500, lateSends: 1 })
  })

  it('count stale and failed reads on the HTTP path', () => {
    const read = {
      event: 'read',
      path: 'http',
      seq: 0,
      atMs: 1,
      latencyMs: 1,
      member: null,
    } as const
    const lines: LedgerLine[] = [
      aDone(),
      { ...read, outcome: 'stale' },
      { ...read, outcome: 'failed' },
      { ...read, outcome: 'fresh' },
      anEnd(100),
    ]
    expect(analysePath(lines, 'http', null)).toMatchObject({ staleReads: 1, clientErrors: 1 })
    expect(analysePath(lines, 'sql', null)).toMatchObject({ staleReads: 0, clientErrors: 0 })
  })

  it('take a read on the SQL path that misses the newest write for what it is: a standby’s answer', () => {
    const read = {
      event: 'read',
      path: 'sql',
      seq: 0,
      atMs: 1,
      latencyMs: 1,
      member: null,
    } as const
    const lines: LedgerLine[] = [
      aDone({ path: 'sql' }),
      { ...read, outcome: 'stale' },
      { ...read, outcome: 'failed' },
      anEnd(100),
    ]
    expect(analysePath(lines, 'sql', null)).toMatchObject({
      reads: 1,
      staleReads: 0,
      clientErrors: 1,
    })
  })

  it('record requests beyond the cap as errors of kind overload', () => {
    const lines = [aDone({ outcome: 'failed', kind: 'overload', tries: 0 }), anEnd(100)]
    expect(analysePath(lines, 'http', null)).toMatchObject({
      clientErrors: 1,
      retries: 0,
      errorsByKind: { overload: 1 },
    })
  })
})

it('finds rows that no request of the run accounts for', () => {
  expect(unexpectedWrites([aDone({ seq: 0 })], ['http'], found({ 'id-0': 1, stranger: 1 }))).toBe(1)
})

describe('the series', () => {
  const lines = [
    ...aLoadWithOutage({ path: 'http', seconds: 10, ratePerSecond: 50, outageMs: [4000, 6000] }),
    anEnd(10_000),
  ]

  it('has a point for each second and counts every acknowledgement within them once', () => {
    const series = seriesOf(lines, 'http')
    expect(series.map(({ second }) => second)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(series.reduce((sum, { acknowledged }) => sum + acknowledged, 0)).toBe(500)
  })

  it('shows the stall in the seconds in which the slow requests were due', () => {
    const series = seriesOf(lines, 'http')
    expect(series[4]).toMatchObject({ acknowledged: 0, failedAttempts: 49 })
    expect(series[4]?.max).toBeGreaterThan(1900)
    expect(series[6]?.acknowledged).toBeGreaterThan(100)
    expect(series[8]?.max).toBeLessThan(50)
  })
})

it('takes percentiles by nearest rank', () => {
  expect(percentile([4, 1, 3, 2], 0.5)).toBe(2)
  expect(percentile([4, 1, 3, 2], 0.99)).toBe(4)
  expect(percentile([], 0.5)).toBeNull()
})

it('what nobody promised may be missing, and nothing else', () => {
  const lines = [1000, 5000, 9000].map((scheduledMs) =>
    aDone({ path: 'sql', id: String(scheduledMs), scheduledMs }),
  )
  const lostIn = (unpromised?: { fromMs: number; untilMs: number }) =>
    analysePath(lines, 'sql', found({}), unpromised).lost
  expect(lostIn()).toBe(3)
  expect(lostIn({ fromMs: 4000, untilMs: 8000 })).toBe(2)
})
