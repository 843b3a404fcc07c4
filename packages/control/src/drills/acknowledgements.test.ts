import fc from 'fast-check'
import type { LedgerLine } from '@neuronha/core/config/loadgen.ts'
import { describe, expect, it } from 'vitest'
import { countOverlaps, termsOf } from './acknowledgements.ts'
import { aDone } from './testing.ts'

const ack = (member: string, timeline: number, tryMs: number, endMs: number): LedgerLine =>
  aDone({ path: 'sql', member, timeline, tryMs, endMs })

describe('overlapping acknowledgements', () => {
  it('are none when one member follows the other', () => {
    expect(countOverlaps([ack('m1', 1, 0, 5), ack('m1', 1, 10, 15), ack('m2', 2, 20, 25)])).toBe(0)
  })

  it('are writes that the old member took after the new one had acknowledged', () => {
    expect(countOverlaps([ack('m1', 1, 0, 5), ack('m2', 2, 10, 15), ack('m1', 1, 16, 20)])).toBe(1)
  })

  it('are not answers that only came late: their commit may have been before', () => {
    expect(countOverlaps([ack('m1', 1, 0, 30), ack('m2', 2, 10, 15)])).toBe(0)
  })

  it('are two members on one timeline, in whichever order', () => {
    expect(countOverlaps([ack('m1', 3, 0, 5), ack('m2', 3, 10, 15)])).toBe(1)
  })

  it('are no failed and no nameless writes', () => {
    const failed = aDone({ member: 'm1', timeline: 1, tryMs: 50, outcome: 'failed', kind: 'x' })
    expect(countOverlaps([ack('m2', 2, 10, 15), failed, aDone({ tryMs: 60 })])).toBe(0)
  })

  it('never show in a history in which terms follow one another', () => {
    const terms = fc.array(fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 8 }), {
      maxLength: 6,
    })
    fc.assert(
      fc.property(terms, (lengths) => {
        let atMs = 0
        const lines = lengths.flatMap((writes, term) =>
          writes.map((lengthMs) => ack(`m${term % 3}`, term + 1, atMs, (atMs += lengthMs))),
        )
        return countOverlaps(lines) === 0
      }),
    )
  })
})

it('tells each member’s term once, in order of time', () => {
  const lines = [ack('m2', 2, 10, 15), ack('m1', 1, 0, 5), ack('m1', 1, 6, 8), ack('m1', 3, 20, 22)]
  expect(termsOf(lines)).toEqual([
    { member: 'm1', timeline: 1, writes: 2, fromMs: 0, untilMs: 8 },
    { member: 'm2', timeline: 2, writes: 1, fromMs: 10, untilMs: 15 },
    { member: 'm1', timeline: 3, writes: 1, fromMs: 20, untilMs: 22 },
  ])
})
