import { expect, it } from 'vitest'
import { runOpenLoop, type OpenLoopOptions } from './open-loop.ts'

/** A loop on a clock that only its own sleeping moves. */
function aLoop(change: Partial<OpenLoopOptions>): OpenLoopOptions {
  let nowMs = 0
  return {
    ratePerSecond: 50,
    seconds: 2,
    maxInFlight: 2000,
    nowMs: () => nowMs,
    sleep: (ms) => {
      nowMs += ms
      return Promise.resolve()
    },
    signal: new AbortController().signal,
    send: () => Promise.resolve(),
    overload: () => undefined,
    ...change,
  }
}

it('sends every request at its scheduled time', async () => {
  const scheduled: number[] = []
  await runOpenLoop(
    aLoop({
      send: (_seq, scheduledMs) => {
        scheduled.push(scheduledMs)
        return Promise.resolve()
      },
    }),
  )
  expect(scheduled).toHaveLength(100)
  expect(scheduled.slice(0, 3)).toEqual([0, 20, 40])
})

it('goes on scheduling while nothing answers, and waits for all of it at the end', async () => {
  let release = (): void => undefined
  const answered = new Promise<void>((resolve) => (release = resolve))
  let sent = 0
  const running = runOpenLoop(
    aLoop({
      send: () => {
        sent += 1
        if (sent === 100) setTimeout(release, 5)
        return answered
      },
    }),
  )
  await running
  expect(sent).toBe(100)
})

it('records what is beyond the cap and drops nothing silently', async () => {
  const never = new Promise<void>((resolve) => setTimeout(resolve, 20))
  let sent = 0
  let overloaded = 0
  await runOpenLoop(
    aLoop({
      maxInFlight: 10,
      send: () => {
        sent += 1
        return never
      },
      overload: () => {
        overloaded += 1
      },
    }),
  )
  expect({ sent, overloaded }).toEqual({ sent: 10, overloaded: 90 })
})

it('stops scheduling when it is asked to and says when that was', async () => {
  const stop = new AbortController()
  const untilMs = await runOpenLoop(
    aLoop({
      signal: stop.signal,
      send: (seq) => {
        if (seq === 24) stop.abort()
        return Promise.resolve()
      },
    }),
  )
  expect(untilMs).toBeLessThanOrEqual(500)
  expect(untilMs).toBeGreaterThan(470)
})
