import { assertPresent } from '@neuronha/core/assert-present.ts'
import { describe, expect, it } from 'vitest'
import { drillResult, type PathResult } from '@neuronha/core/contracts/drill-result.ts'
import { aPassedResult } from './testing.ts'
import { brokenPromises, type Judged } from './verdict.ts'

const good: PathResult = assertPresent(aPassedResult().paths.http, 'the HTTP path')
const bounds = { rtoMs: 30_000, wholeAgainMs: 60_000 }
const kept: Judged = {
  paths: { http: good },
  unexpected: {},
  wholeAgainMs: 5000,
  bounds,
  overlaps: 0,
  checks: [],
  mayShowErrors: false,
}
const judge = (
  http: PathResult,
  sql: PathResult | null = null,
  wholeAgainMs: number | null = 5000,
) => brokenPromises({ ...kept, paths: { http, sql }, wholeAgainMs })

describe('the verdict', () => {
  it('finds nothing wrong with a drill that kept every promise', () => {
    expect(judge(good, good)).toEqual([])
  })

  it.each([
    [{ lost: 1 }, 'http: 1 acknowledged writes lost'],
    [{ duplicated: 2 }, 'http: 2 writes duplicated'],
    [{ clientErrors: 3 }, 'http: 3 client errors'],
    [{ staleReads: 1 }, 'http: 1 reads that did not see the write before them'],
    [{ rtoMs: 30_001 }, 'http: 30001 ms without an acknowledgement, more than 30000 ms'],
    [{ acknowledged: 0 }, 'http: nothing was acknowledged'],
  ])('names %j', (change, reason) => {
    expect(judge({ ...good, ...change })).toEqual([reason])
  })

  it('judges the SQL path as strictly', () => {
    expect(judge(good, { ...good, lost: 1 })).toEqual(['sql: 1 acknowledged writes lost'])
  })

  it('wants the cluster whole again in time', () => {
    expect(judge(good, null, null)).toEqual(['not whole again within 60 s'])
    expect(judge(good, null, 60_001)).toEqual(['not whole again within 60 s'])
  })

  it('counts rows that nobody wrote', () => {
    const reasons = brokenPromises({ ...kept, unexpected: { http: 2 } })
    expect(reasons).toEqual(['http: 2 rows that nobody wrote'])
  })

  it('counts writes that were acknowledged by two members', () => {
    expect(brokenPromises({ ...kept, overlaps: 3 })).toEqual([
      '3 writes acknowledged by a member whose successor had acknowledged',
    ])
  })

  it('names what the drill wanted beside that', () => {
    const checks = [
      { what: 'no fence', held: true, detail: '' },
      { what: 'no failover', held: false, detail: 'member-2 took over' },
    ]
    expect(brokenPromises({ ...kept, checks })).toEqual([
      'not held: no failover (member-2 took over)',
    ])
  })

  it('forgives errors and gaps where more was broken than can be hidden, and never a loss', () => {
    const http = { ...good, clientErrors: 9, rtoMs: 60_000, lost: 1 }
    expect(brokenPromises({ ...kept, paths: { http }, mayShowErrors: true })).toEqual([
      'http: 1 acknowledged writes lost',
    ])
  })
})

describe('the result', () => {
  it('fits its contract, with the numbers of the HTTP path on top', () => {
    const result = drillResult.parse(aPassedResult())
    expect(result.verdict).toBe('pass')
    expect(result.rtoMs).toBe(result.paths.http?.rtoMs)
    expect(result.series['sql']).toHaveLength(24)
  })

  it('tells the fault, the gap and the recovery in order of time', () => {
    const times = aPassedResult().timeline.map(({ atMs }) => atMs)
    expect(times).toEqual([...times].sort((a, b) => a - b))
    expect(aPassedResult().timeline.map(({ what }) => what)).toContain(
      'http acknowledges again after 2338 ms',
    )
  })
})
