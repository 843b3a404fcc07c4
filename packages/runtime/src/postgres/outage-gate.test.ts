import { describe, expect, it } from 'vitest'
import { OutageGate } from './outage-gate.ts'

const forever = new AbortController().signal

describe('OutageGate', () => {
  it('lets everybody pass while the primary is there', async () => {
    const gate = new OutageGate()
    expect(await gate.pass(forever)).toBe('ordinary')
    expect(await gate.pass(forever)).toBe('ordinary')
  })

  it('sends one scout while the primary is away, and everybody when it came back', async () => {
    const gate = new OutageGate()
    gate.report(await gate.pass(forever), 'away')
    const scout = await gate.pass(forever)
    const others = [gate.pass(forever), gate.pass(forever)]
    expect(scout).toBe('scout')
    await Promise.resolve()
    expect(gate.waiting).toBe(2)
    gate.report(scout, 'up')
    expect(await Promise.all(others)).toEqual(['ordinary', 'ordinary'])
    expect(gate.isAway).toBe(false)
  })

  it('makes the next caller the scout when one comes back without an answer', async () => {
    const gate = new OutageGate()
    gate.report(await gate.pass(forever), 'away')
    const first = await gate.pass(forever)
    const second = gate.pass(forever)
    const third = gate.pass(forever)
    gate.report(first, 'away')
    expect(await second).toBe('scout')
    expect(gate.waiting).toBe(1)
    gate.report('scout', 'up')
    expect(await third).toBe('ordinary')
  })

  it('does not keep a caller beyond its time', async () => {
    const gate = new OutageGate()
    gate.report(await gate.pass(forever), 'away')
    await gate.pass(forever)
    const late = new AbortController()
    const waiting = gate.pass(late.signal)
    late.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' })
    expect(gate.waiting).toBe(0)
  })
})
