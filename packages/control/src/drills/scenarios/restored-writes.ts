/** The ledger of a drill against what a restored database has of it. Pure. */
import type { LedgerDone, LedgerLine } from '@neuronha/core/config/loadgen.ts'
import type { FoundByPath } from '../build-result.ts'

const PATHS = ['http', 'sql'] as const

/** Of a run's writes, beside a moment (milliseconds since the load began). */
export interface RestoredWrites {
  /** Acknowledged before the moment. */
  readonly before: number
  /** Of those, the ones that are not there; when the oldest was acknowledged. */
  readonly missing: number
  readonly oldestMissingMs: number | null
  /** Begun after the moment, acknowledged in the end. */
  readonly after: number
  /** Of those, the ones that are there all the same. */
  readonly early: number
}

/** The ledger's clock is the load generator's own, and goes apart from the machine's by as much in some minutes. */
const CLOCKS_APART_MS = 100

/** What was under way at the moment, or as good as, may be there or not. */
export function restoredWrites(
  lines: readonly LedgerLine[],
  found: FoundByPath,
  momentMs: number,
): RestoredWrites {
  const writes = PATHS.flatMap((path) => {
    const there = found[path]
    return lines
      .filter((line): line is LedgerDone => line.event === 'done' && line.path === path)
      .filter(({ outcome }) => outcome === 'acknowledged')
      .map((line) => ({
        sentMs: line.sentMs,
        endMs: line.endMs,
        isThere: there !== null && there.counts.has(there.keyOf(line)),
      }))
  })
  const before = writes.filter(({ endMs }) => endMs <= momentMs - CLOCKS_APART_MS)
  const missing = before.filter(({ isThere }) => !isThere)
  const after = writes.filter(({ sentMs }) => sentMs > momentMs + CLOCKS_APART_MS)
  return {
    before: before.length,
    missing: missing.length,
    oldestMissingMs: missing.length === 0 ? null : Math.min(...missing.map(({ endMs }) => endMs)),
    after: after.length,
    early: after.filter(({ isThere }) => isThere).length,
  }
}

/** How much time of acknowledged writes is missing before the moment, milliseconds. */
export const missingMs = ({ oldestMissingMs }: RestoredWrites, momentMs: number): number =>
  oldestMissingMs === null ? 0 : Math.round(momentMs - oldestMissingMs)
