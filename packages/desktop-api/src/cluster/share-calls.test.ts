import { describe, expect, it } from 'vitest'
import { shareCalls } from './share-calls.ts'

const aSource = () => {
  let now = 0
  let calls = 0
  const waiting: {
    readonly resolve: (value: number) => void
    readonly reject: (reason: Error) => void
  }[] = []
  const ask = shareCalls(
    () =>
      new Promise<number>((resolve, reject) => {
        calls += 1
        waiting.push({ resolve, reject })
      }),
    500,
    { now: () => now },
  )
  return { ask, waiting, calls: () => calls, advance: (ms: number) => void (now += ms) }
}

describe('shareCalls', () => {
  it('makes one call for all who ask while it runs', async () => {
    const { ask, waiting, calls } = aSource()
    const answers = [ask(), ask(), ask()]
    waiting[0]?.resolve(7)
    expect(await Promise.all(answers)).toEqual([7, 7, 7])
    expect(calls()).toBe(1)
  })

  it('serves a result until it is too old, counted from when it was asked for', async () => {
    const { ask, waiting, calls, advance } = aSource()
    const first = ask()
    advance(400)
    waiting[0]?.resolve(1)
    await first
    advance(99)
    expect(await ask()).toBe(1)
    advance(1)
    const second = ask()
    waiting[1]?.resolve(2)
    expect(await second).toBe(2)
    expect(calls()).toBe(2)
  })

  it('gives a failure to those who waited for it, and asks again for the next one', async () => {
    const { ask, waiting } = aSource()
    const failing = [ask(), ask()]
    waiting[0]?.reject(new Error('away'))
    expect((await Promise.allSettled(failing)).map(({ status }) => status)).toEqual([
      'rejected',
      'rejected',
    ])
    const next = ask()
    waiting[1]?.resolve(3)
    expect(await next).toBe(3)
  })
})
