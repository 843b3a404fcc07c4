import { expect, test } from 'vitest'
import { assessCluster } from '../observe/assess-cluster.ts'
import type { HttpAnswer } from '../observe/http-client.ts'
import { anObservation } from '../observe/testing.ts'
import { createClusterSource } from './cluster-source.ts'

const own = assessCluster(anObservation({ observer: 'two' }))
const others = assessCluster(anObservation({ observer: 'one' }))

const aSource = (options: { active: boolean; holder: string | null; answer?: HttpAnswer }) => {
  const asked: string[] = []
  const source = createClusterSource({
    replica: 'two',
    controllers: [
      { name: 'one', address: '10.0.0.1' },
      { name: 'two', address: '10.0.0.2' },
    ],
    lease: { isActive: () => options.active, lastHolder: () => options.holder },
    observations: { fresh: () => Promise.resolve({ status: own, startedAt: 0, durationMs: 1 }) },
    http: {
      get: (url) => {
        asked.push(url)
        return options.answer === undefined
          ? Promise.reject(new Error('silent'))
          : Promise.resolve(options.answer)
      },
      post: () => Promise.reject(new Error('not asked')),
      close: () => Promise.resolve(),
    },
    maxAgeMs: 2000,
    forwardTimeoutMs: 100,
  })
  return { source, asked }
}
const answer = { status: 200, body: JSON.stringify(others) }

test('the active one answers from its own look', async () => {
  const { source, asked } = aSource({ active: true, holder: 'two', answer })
  expect((await source({ passedOn: false })).observer).toBe('two')
  expect(asked).toEqual([])
})

test('a standby passes the question on to the active one', async () => {
  const { source, asked } = aSource({ active: false, holder: 'one', answer })
  expect((await source({ passedOn: false })).observer).toBe('one')
  expect(asked).toEqual(['https://10.0.0.1:8090/v1/cluster'])
})

test('a standby looks for itself when the active one is silent, draining or unknown', async () => {
  const silent = aSource({ active: false, holder: 'one' })
  expect((await silent.source({ passedOn: false })).observer).toBe('two')
  const draining = aSource({ active: false, holder: 'one', answer: { status: 503, body: '{}' } })
  expect((await draining.source({ passedOn: false })).observer).toBe('two')
  const unknown = aSource({ active: false, holder: null, answer })
  expect((await unknown.source({ passedOn: false })).observer).toBe('two')
})

test('a question that was passed on is not passed on again', async () => {
  const { source, asked } = aSource({ active: false, holder: 'one', answer })
  expect((await source({ passedOn: true })).observer).toBe('two')
  expect(asked).toEqual([])
})
