import { afterEach, describe, expect, it, vi } from 'vitest'
import { findRefusals, refusalsOf } from './preflight.ts'
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

it('refuses what destroys the cluster until its name was typed, in production or not', () => {
  const destroys = { destroysCluster: true }
  expect(refusalsOf(aStatus(), spec, destroys).join()).toContain('--yes-i-mean-it neurondb')
  expect(refusalsOf(aStatus(), spec, { ...destroys, confirmedName: 'neurondb' })).toEqual([])
})

it('refuses while Patroni is paused', () => {
  expect(refusalsOf(aStatus({ patroni_paused: true }), spec, {})).toHaveLength(1)
})

describe('a cluster that is looked at again', () => {
  afterEach(() => vi.useRealTimers())

  const degraded = aStatus({ health: 'degraded', reasons: ['demo-member-3 lags by 3.2 s'] })
  /** What comes of looks of which each gives the next of these, the last one for ever. */
  const settle = async (...looks: readonly ReturnType<typeof aStatus>[]) => {
    vi.useFakeTimers()
    let taken = 0
    const observe = () => Promise.resolve(looks[Math.min(taken++, looks.length - 1)] ?? aStatus())
    const refusals = findRefusals(observe, spec, {}, new AbortController().signal)
    await vi.advanceTimersByTimeAsync(30_000)
    return { reasons: await refusals, taken }
  }

  it('is not refused for what is over a moment later', async () => {
    expect(await settle(degraded, degraded, aStatus())).toEqual({ reasons: [], taken: 3 })
  })

  it('is refused for what stays', async () => {
    const { reasons, taken } = await settle(degraded)
    expect(reasons).toEqual(['the cluster is degraded: demo-member-3 lags by 3.2 s'])
    expect(taken).toBeGreaterThan(10)
  })

  it('is refused at once when it is down or paused', async () => {
    expect((await settle(aStatus({ health: 'down' }), aStatus())).taken).toBe(1)
    const paused = aStatus({ health: 'degraded', patroni_paused: true })
    expect((await settle(paused, aStatus())).taken).toBe(1)
  })
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
