import { expect, test } from 'vitest'
import { clusterSpecSchema } from '@neuronha/core/spec/cluster-spec.ts'
import { buildResult, emptyResult } from './build-result.ts'
import { aLoadWithOutage } from './testing.ts'

const HEAD = {
  bounds: { rtoMs: 30_000, wholeAgainMs: 120_000 },
  variant: '',
  withController: true,
  deps: { spec: clusterSpecSchema.parse({}), commit: 'abc' },
  startedAt: new Date(0),
  ratePerSecond: 50,
}

const resultOf = (verdict: 'refused' | 'aborted') =>
  emptyResult({
    verdict,
    reasons: ['the cluster does not keep up'],
    lines: aLoadWithOutage({ path: 'http', seconds: 4, ratePerSecond: 50, outageMs: [1000, 2000] }),
    ...HEAD,
    scenario: { name: 'primary-crash', kind: 'failover' },
  })

test('a refused drill broke nothing, so it has no time to recover, whatever gaps its load had', () => {
  const { rtoMs, paths, attempted } = resultOf('refused')
  expect(attempted).toBeGreaterThan(0)
  expect([rtoMs, paths.http?.rtoMs]).toEqual([null, null])
})

test('a drill that was stopped after the fault says what it saw', () => {
  expect(resultOf('aborted').rtoMs).toBeGreaterThan(0)
})

test('the RTO of a restore is the time until what it restored is usable, and an hour is reckoned from the copy', () => {
  const lines = aLoadWithOutage({
    path: 'http',
    seconds: 4,
    ratePerSecond: 50,
    outageMs: [1000, 2000],
  })
  const { rtoMs, restoreMs, rpoMs, restored, paths } = buildResult({
    ...HEAD,
    scenario: { name: 'restore-latest', kind: 'restore' },
    rehearsal: {
      target: 'copy',
      faultAtMs: 1000,
      healedAtMs: null,
      wholeAgainMs: 0,
      timeline: [],
      lines,
    },
    found: { http: null, sql: null, connect: null },
    checks: [],
    recovery: {
      usableMs: 120_000,
      rpoMs: 250,
      restored: {
        already: false,
        backup: 'b',
        recovered_to: null,
        lsn: null,
        timeline: 2,
        database_bytes: 60_000,
        restore_ms: 60_000,
        replay_ms: 5000,
      },
    },
  })
  expect({ rtoMs, restoreMs, rpoMs }).toEqual({ rtoMs: 120_000, restoreMs: 65_000, rpoMs: 250 })
  // A byte a millisecond, for an hour less the minute that was not the copy's.
  expect(restored?.bytesInAnHour).toBe(3_540_000)
  expect(paths.http?.rtoMs).toBeLessThan(2000)
})
