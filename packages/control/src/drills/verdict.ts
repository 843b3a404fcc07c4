/** The verdict: every promise as one small rule, all broken ones named. Pure. */
import type { DrillCheck, PathResult } from '@neuronha/core/contracts/drill-result.ts'

export interface Judged {
  readonly paths: Readonly<Record<string, PathResult | null>>
  /** Rows that nobody asked for, by path. */
  readonly unexpected: Readonly<Record<string, number>>
  readonly wholeAgainMs: number | null
  readonly bounds: { readonly rtoMs: number; readonly wholeAgainMs: number }
  /** Writes that a member acknowledged after its successor had. */
  readonly overlaps: number
  readonly checks: readonly DrillCheck[]
  /**
   * Errors and long gaps are no failure: more was broken than the cluster is built to hide, or the run is the
   * comparison without controllers. Lost, doubled and overlapping writes always are.
   */
  readonly mayShowErrors: boolean
}

/** Why the drill did not pass; nothing when it did. */
export function brokenPromises(judged: Judged): readonly string[] {
  const { bounds, wholeAgainMs } = judged
  const perPath = Object.entries(judged.paths).flatMap(([path, result]) => {
    if (result === null) return []
    const reasons = [
      ...neverReasons(result),
      ...(judged.mayShowErrors ? [] : serviceReasons(result, bounds.rtoMs)),
    ]
    const unexpected = judged.unexpected[path] ?? 0
    if (unexpected > 0) reasons.push(`${unexpected} rows that nobody wrote`)
    return reasons.map((reason) => `${path}: ${reason}`)
  })
  const isWhole = wholeAgainMs !== null && wholeAgainMs <= bounds.wholeAgainMs
  return [
    ...perPath,
    ...some(judged.overlaps, 'writes acknowledged by a member whose successor had acknowledged'),
    ...judged.checks
      .filter(({ held }) => !held)
      .map(({ what, detail }) => `not held: ${what} (${detail})`),
    ...(isWhole ? [] : [`not whole again within ${bounds.wholeAgainMs / 1000} s`]),
  ]
}

/** What must never be, whatever was broken. */
const neverReasons = (result: PathResult): readonly string[] => [
  ...(result.acknowledged === 0 ? ['nothing was acknowledged'] : []),
  ...some(result.lost, 'acknowledged writes lost'),
  ...some(result.duplicated, 'writes duplicated'),
  ...some(result.staleReads, 'reads that did not see the write before them'),
]

const serviceReasons = (result: PathResult, rtoBoundMs: number): readonly string[] => [
  ...some(result.clientErrors, 'client errors'),
  ...(result.rtoMs !== null && result.rtoMs > rtoBoundMs
    ? [`${Math.round(result.rtoMs)} ms without an acknowledgement, more than ${rtoBoundMs} ms`]
    : []),
]

const some = (count: number, what: string): readonly string[] =>
  count > 0 ? [`${count} ${what}`] : []
