import { describe, expect, it } from 'vitest'
import { freshnessOf, nextObservation, type Observation } from './freshness.ts'
import { aStatus } from './testing.ts'

const OBSERVED_MS = Date.parse('2026-11-23T10:00:00.000Z')

const at = (observedMs: number, observer = 'c-controller-1') =>
  aStatus('m-1', { observed_at: new Date(observedMs).toISOString(), observer })

const arrival = (receivedMs: number, observedMs = OBSERVED_MS, serverTimeMs = observedMs) => ({
  status: at(observedMs),
  serverTimeMs,
  receivedMs,
})

const kindAt = (observation: Observation, nowMs: number, resumedMs: number | null = null) =>
  freshnessOf({ observation, nowMs, isFailing: false, resumedMs }).kind

describe('freshness', () => {
  it('calls data stale within 5 s after the last observation, and not within 3 s', () => {
    const observation = nextObservation(undefined, arrival(1000))
    expect(kindAt(observation, 4000)).toBe('live')
    expect(kindAt(observation, 5750)).toBe('stale')
  })

  it('is not fooled by an API that repeats an old observation', () => {
    let observation = nextObservation(undefined, arrival(0))
    for (let nowMs = 1000; nowMs <= 5000; nowMs += 1000)
      observation = nextObservation(observation, arrival(nowMs, OBSERVED_MS, OBSERVED_MS + nowMs))
    expect(kindAt(observation, 5000)).toBe('stale')
  })

  it('sees that even the first answer is old, by the server’s own clock', () => {
    const observation = nextObservation(undefined, arrival(0, OBSERVED_MS, OBSERVED_MS + 60_000))
    expect(freshnessOf({ observation, nowMs: 0, isFailing: false, resumedMs: null })).toEqual({
      kind: 'stale',
      ageMs: 60_000,
      cause: 'old-data',
    })
  })

  it('does not depend on the browser’s wall clock', () => {
    const observation = nextObservation(
      undefined,
      arrival(5_000_000, OBSERVED_MS, OBSERVED_MS + 400),
    )
    expect(kindAt(observation, 5_000_100)).toBe('live')
  })

  it('says that the API is silent when requests fail', () => {
    const observation = nextObservation(undefined, arrival(0))
    const freshness = freshnessOf({ observation, nowMs: 9000, isFailing: true, resumedMs: null })
    expect(freshness).toEqual({ kind: 'stale', ageMs: 9000, cause: 'silent' })
  })

  it('gives a tab that is shown again a moment to catch up', () => {
    const observation = nextObservation(undefined, arrival(0))
    expect(kindAt(observation, 60_200, 60_000)).toBe('live')
    expect(kindAt(observation, 62_000, 60_000)).toBe('stale')
  })
})

describe('the observation to show', () => {
  it('is never replaced by an older one', () => {
    const newest = nextObservation(undefined, arrival(0, OBSERVED_MS))
    expect(nextObservation(newest, arrival(1000, OBSERVED_MS - 1000))).toBe(newest)
  })

  it('comes from another observer once the first one is silent', () => {
    const first = nextObservation(undefined, arrival(0))
    const other = {
      status: at(OBSERVED_MS - 500, 'c-controller-2'),
      serverTimeMs: OBSERVED_MS,
      receivedMs: 6000,
    }
    expect(nextObservation(first, { ...other, receivedMs: 1000 })).toBe(first)
    expect(nextObservation(first, other).status.observer).toBe('c-controller-2')
  })
})
