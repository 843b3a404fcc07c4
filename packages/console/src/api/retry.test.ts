import { PlatformError } from '@neuronha/core/errors.ts'
import { describe, expect, it } from 'vitest'
import { parseRetryAfterMs } from './errors.ts'
import { retryPauseMs, withRetries, type RetryClock } from './retry.ts'

const aClock = (): RetryClock & { readonly slept: number[] } => {
  let nowMs = 0
  const slept: number[] = []
  return {
    slept,
    now: () => nowMs,
    random: () => 0.999,
    sleep: (milliseconds) => {
      slept.push(milliseconds)
      nowMs += milliseconds
      return Promise.resolve()
    },
  }
}

const failing = (times: number, error: Error) => {
  let calls = 0
  return () => {
    calls += 1
    return calls <= times ? Promise.reject(error) : Promise.resolve(calls)
  }
}

describe('the pause before a retry', () => {
  it('grows, is jittered and is bounded', () => {
    expect(retryPauseMs(1, null, 0)).toBe(125)
    expect(retryPauseMs(3, null, 0)).toBe(500)
    expect(retryPauseMs(30, null, 0.999)).toBeLessThanOrEqual(3000)
  })

  it('is never shorter than Retry-After, and not absurdly long', () => {
    expect(retryPauseMs(1, 2000, 0)).toBe(2000)
    expect(retryPauseMs(1, 3_600_000, 0)).toBe(10_000)
  })

  it('reads Retry-After as seconds or as a date', () => {
    expect(parseRetryAfterMs('2', 0)).toBe(2000)
    expect(parseRetryAfterMs('Thu, 01 Jan 1970 00:00:05 GMT', 2000)).toBe(3000)
    expect(parseRetryAfterMs('soon', 0)).toBeNull()
    expect(parseRetryAfterMs(null, 0)).toBeNull()
  })
})

describe('sending again', () => {
  it('goes on through errors that may be retried', async () => {
    const error = new PlatformError('DATABASE_UNAVAILABLE', 'no primary')
    await expect(
      withRetries(failing(4, error), { patienceMs: 60_000, clock: aClock() }),
    ).resolves.toBe(5)
  })

  it('stops at once at an error that a retry cannot mend', async () => {
    const clock = aClock()
    const error = new PlatformError('BAD_REQUEST', 'content is empty')
    await expect(withRetries(failing(1, error), { patienceMs: 60_000, clock })).rejects.toBe(error)
    expect(clock.slept).toEqual([])
  })

  it('gives up when patience is over', async () => {
    const clock = aClock()
    const error = new PlatformError('UNAVAILABLE', 'down')
    await expect(withRetries(failing(1e6, error), { patienceMs: 20_000, clock })).rejects.toBe(
      error,
    )
    expect(clock.now()).toBeGreaterThan(10_000)
    expect(clock.now()).toBeLessThanOrEqual(20_000)
  })

  it('stays patient while another replica still works on the request', async () => {
    const clock = aClock()
    const error = new PlatformError('IDEMPOTENCY_IN_FLIGHT', 'in flight', {
      details: { retryAfterMs: 1000 },
    })
    await expect(withRetries(failing(60, error), { patienceMs: 5000, clock })).resolves.toBe(61)
  })
})
