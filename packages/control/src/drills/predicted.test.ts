import { expect, test } from 'vitest'
import { clusterSpecSchema } from '@neuronha/core/spec/cluster-spec.ts'
import { predictedWords, predictionOf } from './predicted.ts'

const SPEC = clusterSpecSchema.parse({})

test('a drill without controllers is held to what Patroni alone should take', () => {
  const withThem = predictionOf(SPEC, 'primary-host-loss', true)
  const alone = predictionOf(SPEC, 'primary-host-loss', false)
  expect(alone?.typicalMs).toBeGreaterThan((withThem?.typicalMs ?? Infinity) * 10)
})

test('nothing is said of a drill that the model does not know, or that does not mend itself', () => {
  expect(predictionOf(SPEC, 'overload', true)).toBeNull()
  expect(predictionOf(SPEC, 'postmaster-hung', false)).toBeNull()
  expect(predictedWords({ predicted: null, rtoMs: 900 })).toBeUndefined()
})

test('the measurement stands beside the prediction', () => {
  const predicted = { typicalMs: 1500, worstMs: 3200, terms: [] }
  expect(predictedWords({ predicted, rtoMs: 3300 })).toBe(
    'predicted 1.5 s, at most 3.2 s: slower than predicted',
  )
})
