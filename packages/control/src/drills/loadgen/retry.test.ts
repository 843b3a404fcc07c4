import { RETRY_POLICY } from '@neuronha/core/config/loadgen.ts'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseRetryAfter, pauseBeforeNext, sendWithRetries, type TryOutcome } from './retry.ts'

/** A clock that only sleeping and sending move. */
function aClient(sendMs: number, outcomes: (tries: number) => TryOutcome<string>) {
  let nowMs = 0
  const failed: string[] = []
  const timeouts: number[] = []
  const run = () =>
    sendWithRetries(
      ({ timeoutMs, tryIndex }) => {
        timeouts.push(timeoutMs)
        nowMs += Math.min(sendMs, timeoutMs)
        return Promise.resolve(outcomes(tryIndex))
      },
      {
        nowMs: () => nowMs,
        sleep: (ms) => {
          nowMs += ms
          return Promise.resolve()
        },
        random: () => 0.5,
        onFailedTry: (reason) => failed.push(reason),
      },
    )
  return { run, failed, timeouts, elapsedMs: () => nowMs }
}

const retry = (reason: string): TryOutcome<string> => ({ kind: 'retry', reason })

describe('the documented client', () => {
  it('stops at the first answer and reports every failed try', async () => {
    const client = aClient(5, (tries) =>
      tries < 2 ? retry('HTTP 503') : { kind: 'ok', value: 'stored' },
    )
    expect(await client.run()).toEqual({ kind: 'ok', value: 'stored', tries: 3 })
    expect(client.failed).toEqual(['HTTP 503', 'HTTP 503'])
  })

  it('does not repeat what was refused for good', async () => {
    const client = aClient(5, () => ({ kind: 'fail', reason: 'HTTP 422' }))
    expect(await client.run()).toEqual({ kind: 'failed', reason: 'HTTP 422', tries: 1 })
  })

  it('gives up after eight quick failures', async () => {
    const client = aClient(1, () => retry('ECONNREFUSED'))
    expect(await client.run()).toMatchObject({ kind: 'failed', tries: RETRY_POLICY.maxTries })
  })

  it('never spends more than its total on tries that hang', async () => {
    const client = aClient(2800.5, () => retry('timeout'))
    await client.run()
    expect(client.elapsedMs()).toBeLessThanOrEqual(RETRY_POLICY.totalMs)
    expect(Math.max(...client.timeouts)).toBe(RETRY_POLICY.tryTimeoutMs)
    expect(client.timeouts.every(Number.isInteger)).toBe(true)
  })
})

describe('the pause before the next try', () => {
  it('stays between its bounds whatever the dice say', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 7 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (tries, dice) => {
          const pause = pauseBeforeNext(tries, 0, 0, () => dice)
          return pause !== null && pause >= 37 && pause <= RETRY_POLICY.maxBackoffMs * 1.25
        },
      ),
    )
  })

  it('is never shorter than Retry-After', () => {
    expect(pauseBeforeNext(1, 0, 2000, () => 0.5)).toBe(2000)
  })

  it('is refused when it would end after the total', () => {
    expect(pauseBeforeNext(2, 19_990, 0, () => 0.5)).toBeNull()
    expect(pauseBeforeNext(1, 0, 30_000, () => 0.5)).toBeNull()
  })
})

it('reads Retry-After as seconds and as a date', () => {
  expect(parseRetryAfter('3', 0)).toBe(3000)
  expect(parseRetryAfter('Thu, 01 Jan 1970 00:00:05 GMT', 1000)).toBe(4000)
  expect(parseRetryAfter('soon', 0)).toBe(0)
  expect(parseRetryAfter(undefined, 0)).toBe(0)
})
