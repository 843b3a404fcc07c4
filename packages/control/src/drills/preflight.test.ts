import { expect, it } from 'vitest'
import { refusalsOf } from './preflight.ts'
import { statusChanges } from './status-changes.ts'
import { aMember, aStatus } from './testing.ts'

const spec = { name: 'neurondb', production: false }

it('lets a drill run on a healthy cluster', () => {
  expect(refusalsOf(aStatus(), spec, {})).toEqual([])
})

it('refuses a cluster that is not healthy and says why', () => {
  const status = aStatus({ health: 'degraded', reasons: ['no standby streams'] })
  expect(refusalsOf(status, spec, {})).toEqual(['the cluster is degraded: no standby streams'])
})

it('refuses a production cluster until its name was typed', () => {
  const production = { ...spec, production: true }
  expect(refusalsOf(aStatus(), production, { confirmedName: 'neuron' })).toHaveLength(1)
  expect(refusalsOf(aStatus(), production, { confirmedName: 'neurondb' })).toEqual([])
})

it('refuses while Patroni is paused', () => {
  expect(refusalsOf(aStatus({ patroni_paused: true }), spec, {})).toHaveLength(1)
})

it('tells a failover in the words of the topology', () => {
  const before = aStatus({ members: [aMember('m-1', 'primary'), aMember('m-2', 'sync standby')] })
  const after = aStatus({
    health: 'degraded',
    members: [
      { ...aMember('m-1', 'unknown'), state: 'unreachable' },
      { ...aMember('m-2', 'primary'), timeline: 2 },
    ],
  })
  expect(statusChanges(before, after)).toEqual([
    'm-1: primary → unknown',
    'm-1: running → unreachable',
    'm-2: sync standby → primary, timeline 2',
    'm-2: streaming → running',
    'the cluster is degraded',
  ])
  expect(statusChanges(before, before)).toEqual([])
})
