import { describe, expect, it } from 'vitest'
import { Slots } from './slots.ts'

const forever = new AbortController().signal

describe('Slots', () => {
  it('gives a freed slot to who waited longest', async () => {
    const slots = new Slots(1)
    await slots.acquire(forever)
    const order: string[] = []
    const first = slots.acquire(forever).then(() => order.push('first'))
    const second = slots.acquire(forever).then(() => order.push('second'))
    expect(slots.waiting).toBe(2)
    slots.release()
    await first
    slots.release()
    await second
    expect(order).toEqual(['first', 'second'])
    expect(slots.held).toBe(1)
  })

  it('lets a waiter go when its time is over, without losing the slot', async () => {
    const slots = new Slots(1)
    await slots.acquire(forever)
    const late = new AbortController()
    const waiting = slots.acquire(late.signal)
    late.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' })
    slots.release()
    expect([slots.held, slots.waiting]).toEqual([0, 0])
  })

  it('sends all waiters away when the pooler is given up', async () => {
    const slots = new Slots(1)
    await slots.acquire(forever)
    const waiting = slots.acquire(forever)
    slots.refuseWaiters('silent')
    await expect(waiting).rejects.toThrow('silent')
    expect(slots.held).toBe(1)
  })
})
