import { expect, test } from 'vitest'
import { clusterSpecSchema } from '@neuronha/core/spec/cluster-spec.ts'
import { emptyResult } from './build-result.ts'
import { aLoadWithOutage } from './testing.ts'

const resultOf = (verdict: 'refused' | 'aborted') =>
  emptyResult({
    verdict,
    reasons: ['the cluster does not keep up'],
    lines: aLoadWithOutage({ path: 'http', seconds: 4, ratePerSecond: 50, outageMs: [1000, 2000] }),
    scenario: { name: 'primary-crash', kind: 'failover' },
    bounds: { rtoMs: 30_000, wholeAgainMs: 120_000 },
    variant: '',
    withController: true,
    deps: { spec: clusterSpecSchema.parse({}), commit: 'abc' },
    startedAt: new Date(0),
    ratePerSecond: 50,
  })

test('a refused drill broke nothing, so it has no time to recover, whatever gaps its load had', () => {
  const { rtoMs, paths, attempted } = resultOf('refused')
  expect(attempted).toBeGreaterThan(0)
  expect([rtoMs, paths.http?.rtoMs]).toEqual([null, null])
})

test('a drill that was stopped after the fault says what it saw', () => {
  expect(resultOf('aborted').rtoMs).toBeGreaterThan(0)
})
