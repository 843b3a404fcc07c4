import { expect, it } from 'vitest'
import { aStatus } from './testing.ts'
import { isWhole } from './wholeness.ts'

const controllers = [
  { name: 'neurondb-controller-1', healthy: false, detail: 'refused', active: false },
]
const gone = 'No controller answers (Patroni still fails over by itself): neurondb-controller-1'

it('takes a healthy cluster for whole', () => {
  expect(isWhole(aStatus(), true)).toBe(true)
})

it('forgives missing controllers only where they were stopped on purpose', () => {
  const status = aStatus({ health: 'degraded', reasons: [gone], controllers })
  expect(isWhole(status, true)).toBe(false)
  expect(isWhole(status, false)).toBe(true)
})

it('forgives nothing else', () => {
  const reasons = [gone, 'neurondb-member-2 does not stream (stopped)']
  expect(isWhole(aStatus({ health: 'degraded', reasons, controllers }), false)).toBe(false)
})
