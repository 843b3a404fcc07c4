/**
 * Who acknowledged, from the ledger alone. Two members that are out of recovery at once prove nothing; a member
 * that acknowledges a synchronous commit after its successor did is the split brain that must never be. Pure.
 */
import type { LedgerDone, LedgerLine } from '@neuronha/core/config/loadgen.ts'
import type { AcknowledgedBy } from '@neuronha/core/contracts/drill-result.ts'

interface Acknowledgement {
  readonly member: string
  readonly timeline: number
  /** The commit lies between these two. */
  readonly fromMs: number
  readonly untilMs: number
}

const acknowledgementsOf = (lines: readonly LedgerLine[]): readonly Acknowledgement[] =>
  lines
    .filter((line): line is LedgerDone => line.event === 'done' && line.outcome === 'acknowledged')
    .flatMap(({ member, timeline, tryMs, endMs }) =>
      member === null || timeline === null || tryMs === null
        ? []
        : [{ member, timeline, fromMs: tryMs, untilMs: endMs }],
    )

const termOf = ({ member, timeline }: Pick<Acknowledgement, 'member' | 'timeline'>): string =>
  `${timeline} ${member}`

/** Each member's time as the one that acknowledges, in the order in which they began; members by their addresses. */
export function termsOf(lines: readonly LedgerLine[]): readonly AcknowledgedBy[] {
  const terms = new Map<string, AcknowledgedBy>()
  for (const each of acknowledgementsOf(lines)) {
    const term = terms.get(termOf(each))
    terms.set(termOf(each), {
      member: each.member,
      timeline: each.timeline,
      writes: (term?.writes ?? 0) + 1,
      fromMs: Math.min(term?.fromMs ?? each.fromMs, each.fromMs),
      untilMs: Math.max(term?.untilMs ?? each.untilMs, each.untilMs),
    })
  }
  return [...terms.values()].sort((a, b) => a.fromMs - b.fromMs)
}

/**
 * How many writes were acknowledged by a member whose time was over: the try began after another member had
 * acknowledged on a later timeline, or on the very same one. What only may have been late does not count: a commit
 * lies somewhere between the try's begin and its answer.
 */
export function countOverlaps(lines: readonly LedgerLine[]): number {
  const all = acknowledgementsOf(lines)
  const firstOf = new Map<string, Acknowledgement>()
  for (const each of all) {
    const first = firstOf.get(termOf(each))
    if (first === undefined || each.untilMs < first.untilMs) firstOf.set(termOf(each), each)
  }
  const firsts = [...firstOf.values()]
  const isOverBy = (each: Acknowledgement, other: Acknowledgement): boolean =>
    other.member !== each.member && other.timeline >= each.timeline && other.untilMs < each.fromMs
  return all.filter((each) => firsts.some((other) => isOverBy(each, other))).length
}
