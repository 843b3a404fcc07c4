/** The verdict: every promise as one small rule, all broken ones named. Pure. */
import type { PathResult } from '@neuronha/core/contracts/drill-result.ts'

export interface Judged {
  readonly paths: Readonly<Record<string, PathResult | null>>
  /** Rows that nobody asked for, by path. */
  readonly unexpected: Readonly<Record<string, number>>
  readonly wholeAgainMs: number | null
  readonly bounds: { readonly rtoMs: number; readonly wholeAgainMs: number }
}

/** Why the drill did not pass; nothing when it did. */
export function brokenPromises(judged: Judged): readonly string[] {
  const { bounds, wholeAgainMs } = judged
  const perPath = Object.entries(judged.paths).flatMap(([path, result]) => {
    if (result === null) return []
    const reasons = [...pathReasons(result, bounds.rtoMs)]
    const unexpected = judged.unexpected[path] ?? 0
    if (unexpected > 0) reasons.push(`${unexpected} rows that nobody wrote`)
    return reasons.map((reason) => `${path}: ${reason}`)
  })
  if (wholeAgainMs !== null && wholeAgainMs <= bounds.wholeAgainMs) return perPath
  return [...perPath, `not whole again within ${bounds.wholeAgainMs / 1000} s`]
}

const pathReasons = (result: PathResult, rtoBoundMs: number): readonly string[] => [
  ...(result.acknowledged === 0 ? ['nothing was acknowledged'] : []),
  ...some(result.lost, 'acknowledged writes lost'),
  ...some(result.duplicated, 'writes duplicated'),
  ...some(result.clientErrors, 'client errors'),
  ...some(result.staleReads, 'reads that did not see the write before them'),
  ...(result.rtoMs !== null && result.rtoMs > rtoBoundMs
    ? [`${Math.round(result.rtoMs)} ms without an acknowledgement, more than ${rtoBoundMs} ms`]
    : []),
]

const some = (count: number, what: string): readonly string[] =>
  count > 0 ? [`${count} ${what}`] : []
