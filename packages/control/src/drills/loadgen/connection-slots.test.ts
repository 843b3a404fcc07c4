import { expect, it } from 'vitest'
import { connectionsFor, ConnectionSlots, withSlot } from './connection-slots.ts'
import type { TryLimits } from './retry.ts'

const limits = (sinceMs: number, leftMs = 1000): TryLimits => ({
  sinceMs,
  timeoutMs: 3000,
  leftMs,
  tryIndex: 0,
})

it('lets the oldest request go first, not the one that asked first', async () => {
  const slots = new ConnectionSlots(1)
  const order: string[] = []
  const work = (name: string) => () => {
    order.push(name)
    return Promise.resolve({ kind: 'ok', value: name } as const)
  }
  await slots.acquire(0, 1000)
  const waiting = [
    withSlot(slots, limits(30), work('young')),
    withSlot(slots, limits(10), work('old, tried again')),
    withSlot(slots, limits(20), work('between')),
  ]
  slots.release()
  await Promise.all(waiting)
  expect(order).toEqual(['old, tried again', 'between', 'young'])
})

it('gives a try no more time than its request has left', async () => {
  let given = 0
  await withSlot(new ConnectionSlots(1), limits(0, 700), (timeoutMs) => {
    given = timeoutMs
    return Promise.resolve({ kind: 'ok', value: null })
  })
  expect(given).toBeLessThanOrEqual(700)
})

it('gives up on waiting in time, and loses no slot by it', async () => {
  const slots = new ConnectionSlots(1)
  await slots.acquire(0, 1000)
  const refused = await withSlot(slots, limits(0, 5), () =>
    Promise.resolve({ kind: 'ok', value: null }),
  )
  expect(refused).toEqual({ kind: 'retry', reason: 'no connection free' })
  slots.release()
  expect(await slots.acquire(0, 5)).toBe(true)
})

it.each([
  ['a small load', 1, 8],
  ['a larger one', 20.5, 21],
  ['the largest', 2000, 32],
])('keeps as many connections as %s needs', (_load, ratePerSecond, kept) => {
  expect(connectionsFor(ratePerSecond, 32)).toBe(kept)
})
