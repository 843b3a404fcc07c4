import { describe, expect, it } from 'vitest'
import { clusterSpecSchema } from '../spec/cluster-spec.ts'
import { FAILURES, type FailureModel } from './failures.ts'
import { predictedCell, predictedLine } from './format-prediction.ts'
import {
  comparePrediction,
  FAILURE_KINDS,
  predictAll,
  predictRto,
  predictedPrimaryReplacementMs,
  predictedSwitchoverMs,
  timingsOf,
  type FailureKind,
} from './predict-rto.ts'
import { sumOf } from './terms.ts'

const FAST = clusterSpecSchema.parse({})
const WIDE = clusterSpecSchema.parse({ profile: 'wide' })

const typical = (failure: FailureKind, path: 'withControllers' | 'withoutControllers') =>
  predictRto(FAST, failure)[path]?.typicalMs ?? Number.POSITIVE_INFINITY

describe('predictRto', () => {
  it('is the sum of its terms, none of which is worse than its worst', () => {
    for (const { withControllers, withoutControllers } of predictAll(FAST))
      for (const path of [withControllers, withoutControllers]) {
        if (path === null) continue
        expect(path.typicalMs).toBe(path.terms.reduce((sum, term) => sum + term.typicalMs, 0))
        for (const { typicalMs, worstMs } of path.terms)
          expect(worstMs).toBeGreaterThanOrEqual(typicalMs)
      }
  })

  // Measured with Patroni alone, when poolers waited a second before they logged in again.
  const measuredWith = timingsOf(FAST)
  const timings = {
    ...measuredWith,
    pooler: { ...measuredWith.pooler, serverLoginRetry: 1 },
  }
  it.each([
    ['primary-crash', 2400],
    ['primary-container-crash', 2200],
    ['primary-host-loss', 22_400],
    ['primary-frozen', 22_400],
    ['primary-partition', 22_000],
    ['switchover', 3100],
  ] as const)(
    'predicts %s without controllers within a third of the %d ms that were measured',
    (failure, measuredMs) => {
      const model: FailureModel = FAILURES[failure]
      const terms = (model.withoutControllers ?? model.withControllers)(timings)
      const predicted = sumOf(terms ?? []).typicalMs
      expect(predicted).toBeGreaterThan(measuredMs * 0.67)
      expect(predicted).toBeLessThan(measuredMs * 1.33)
    },
  )

  it('keeps every promise of the profile fast', () => {
    const promisedMs: Partial<Record<FailureKind, number>> = {
      'primary-crash': 3000,
      'primary-container-crash': 3000,
      'primary-host-loss': 2500,
      'primary-frozen': 6000,
      'primary-partition': 6000,
      'postmaster-hung': 8000,
      'patroni-hung': 6000,
      'etcd-leader-and-primary': 8000,
      switchover: 2000,
      'etcd-down': 1000,
      'primary-etcd-partition': 1000,
    }
    for (const [failure, ms] of Object.entries(promisedMs))
      expect(typical(failure as FailureKind, 'withControllers'), failure).toBeLessThanOrEqual(ms)
  })

  it('never predicts that controllers make it slower', () => {
    for (const { failure } of predictAll(WIDE)) {
      const { withControllers, withoutControllers } = predictRto(WIDE, failure)
      if (withoutControllers === null) continue
      expect(withControllers?.typicalMs, failure).toBeLessThanOrEqual(withoutControllers.typicalMs)
    }
  })

  it('knows that a hung postmaster is nothing to Patroni', () => {
    expect(predictRto(FAST, 'postmaster-hung').withoutControllers).toBeNull()
    expect(predictedCell(FAST, 'postmaster-hung')).toMatch(/not by itself without controllers/)
  })

  it('follows the file’s own clocks', () => {
    const timing = { ttl: 60, loopWait: 10, retryTimeout: 20 }
    const slow = clusterSpecSchema.parse({ timing })
    const lease = predictRto(slow, 'primary-host-loss').withoutControllers?.terms[0]
    expect(lease).toMatchObject({ typicalMs: 55_000, worstMs: 60_000 })
  })

  it('holds a switchover to less than an orderly stop without it', () => {
    expect(predictedSwitchoverMs(FAST)).toBeLessThan(predictedPrimaryReplacementMs(FAST))
  })
})

describe('comparePrediction', () => {
  const path = { terms: [], typicalMs: 2000, worstMs: 4000 }
  it.each([
    [900, 'faster than predicted'],
    [1800, 'as predicted'],
    [4000, 'as predicted'],
    [4100, 'slower than predicted'],
  ] as const)('%d ms is %s', (measuredMs, words) =>
    expect(comparePrediction(path, measuredMs)).toBe(words),
  )
})

describe('in words', () => {
  it('says the four that matter in one line', () => {
    expect(predictedLine(FAST)).toMatch(
      /^crash \d\.\d s · host loss \d\.\d s · frozen \d\.\d s · switchover \d\.\d s$/,
    )
  })

  it('has nothing to say about what it does not know', () => {
    expect(predictedCell(FAST, 'overload')).toBeUndefined()
    for (const failure of FAILURE_KINDS) expect(predictedCell(FAST, failure)).toMatch(/ s|not by/)
  })
})
