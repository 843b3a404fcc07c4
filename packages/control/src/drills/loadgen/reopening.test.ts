import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Reopening } from './reopening.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

/** Who has been let through so far. */
function callers(door: Reopening, names: readonly string[]): string[] {
  const passed: string[] = []
  for (const name of names)
    void door.pass(9000).then((may) => passed.push(may ? name : `${name} gave up`))
  return passed
}

describe('a pool whose connections are turned away', () => {
  it('lets everybody through while they are served', async () => {
    const passed = callers(new Reopening(), ['a', 'b'])
    await vi.advanceTimersByTimeAsync(0)
    expect(passed).toEqual(['a', 'b'])
  })

  it('tries again with one connection at a time, after longer and longer pauses', async () => {
    const door = new Reopening()
    door.turnedAway()
    const passed = callers(door, ['a', 'b', 'c'])
    await vi.advanceTimersByTimeAsync(49)
    expect(passed).toEqual([])
    await vi.advanceTimersByTimeAsync(1000)
    expect(passed).toEqual(['a'])
    door.turnedAway()
    await vi.advanceTimersByTimeAsync(99)
    expect(passed).toEqual(['a'])
    await vi.advanceTimersByTimeAsync(1)
    expect(passed).toEqual(['a', 'b'])
  })

  it('asks at least twice a second, however long it lasts', async () => {
    const door = new Reopening()
    for (let time = 0; time < 20; time += 1) door.turnedAway()
    const passed = callers(door, ['a'])
    await vi.advanceTimersByTimeAsync(500)
    expect(passed).toEqual(['a'])
  })

  it('goes on with the next one when the one that tried got no answer', async () => {
    const door = new Reopening()
    door.turnedAway()
    const passed = callers(door, ['a', 'b'])
    await vi.advanceTimersByTimeAsync(50)
    door.silent()
    await vi.advanceTimersByTimeAsync(100)
    expect(passed).toEqual(['a', 'b'])
  })

  it('lets one who comes after the pause try at once, and the next one wait', async () => {
    const door = new Reopening()
    door.turnedAway()
    await vi.advanceTimersByTimeAsync(50)
    const passed = callers(door, ['a', 'b'])
    await vi.advanceTimersByTimeAsync(0)
    expect(passed).toEqual(['a'])
  })

  it('lets all who wait through as soon as one is served', async () => {
    const door = new Reopening()
    door.turnedAway()
    const passed = callers(door, ['a', 'b', 'c'])
    await vi.advanceTimersByTimeAsync(50)
    door.served()
    await vi.advanceTimersByTimeAsync(0)
    expect(passed).toEqual(['a', 'b', 'c'])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('lets nobody wait for longer than they care to', async () => {
    const door = new Reopening()
    door.turnedAway()
    const passed = callers(door, ['a', 'b'])
    await vi.advanceTimersByTimeAsync(9000)
    expect(passed).toEqual(['a', 'b gave up'])
    door.served()
    await vi.advanceTimersByTimeAsync(0)
    expect(passed).toHaveLength(2)
  })

  it('says nothing of a server that is silent while others are served', async () => {
    const door = new Reopening()
    door.silent()
    const passed = callers(door, ['a'])
    await vi.advanceTimersByTimeAsync(0)
    expect(passed).toEqual(['a'])
  })
})
