/** From a ledger to numbers. Pure: what was promised to clients is judged from lines alone. */
import type { LedgerDone, LedgerLine, LoadPath } from '@neuronha/core/config/loadgen.ts'
import type { DrillResult, PathResult } from '@neuronha/core/contracts/drill-result.ts'
import type { Span } from './scenarios/scenario.ts'

/** What the final read found of one path's writes. */
export interface FoundWrites {
  /** How many rows each write left, by sequence number or row id: whatever `keyOf` makes of a line. */
  readonly counts: ReadonlyMap<string, number>
  readonly keyOf: (line: LedgerDone) => string
}

export type SeriesPoint = DrillResult['series'][string][number]

/** A send that left this much after its scheduled start was late. */
const LATE_MS = 50

/** The numbers of one path; `found` is null where nothing is written, so nothing can be lost. What was acknowledged in `unpromised` may be. */
export function analysePath(
  lines: readonly LedgerLine[],
  path: LoadPath,
  found: FoundWrites | null,
  unpromised?: Span,
): PathResult {
  const done = lines.filter(
    (line): line is LedgerDone => line.event === 'done' && line.path === path,
  )
  const acknowledged = done.filter(({ outcome }) => outcome === 'acknowledged')
  const reads = lines.filter((line) => line.event === 'read').filter((line) => line.path === path)
  const latencies = done.map(latencyOf)
  const rowsOf = (line: LedgerDone): number => found?.counts.get(found.keyOf(line)) ?? 0
  return {
    rtoMs: lengthOf(gapOf(lines, path)),
    longestStallMs: latencies.length === 0 ? null : Math.max(...latencies),
    acknowledged: acknowledged.length,
    attempted: done.length,
    lost:
      found === null
        ? 0
        : acknowledged.filter((line) => rowsOf(line) === 0 && !isWithin(line, unpromised)).length,
    duplicated: found === null ? 0 : done.filter((line) => rowsOf(line) > 1).length,
    clientErrors:
      done.length -
      acknowledged.length +
      reads.filter(({ outcome }) => outcome === 'failed').length,
    retries: done.reduce((sum, { tries }) => sum + Math.max(0, tries - 1), 0),
    reads: reads.filter(({ outcome }) => outcome !== 'failed').length,
    // Straight SQL reads a standby, which owes nobody the newest write.
    staleReads: path === 'http' ? reads.filter(({ outcome }) => outcome === 'stale').length : 0,
    lateSends: done.filter(({ scheduledMs, sentMs }) => sentMs - scheduledMs > LATE_MS).length,
    latencyMs: {
      p50: percentile(latencies, 0.5),
      p99: percentile(latencies, 0.99),
      max: percentile(latencies, 1),
    },
    errorsByKind: countErrors(lines, path),
  }
}

const isWithin = ({ endMs }: LedgerDone, span: Span | undefined): boolean =>
  span !== undefined && endMs > span.fromMs && endMs < span.untilMs

/** Rows that the final read found and that no request on these paths accounts for. */
export function unexpectedWrites(
  lines: readonly LedgerLine[],
  paths: readonly LoadPath[],
  found: FoundWrites,
): number {
  const attempted = new Set(
    lines.flatMap((line) =>
      line.event === 'done' && paths.includes(line.path) ? [found.keyOf(line)] : [],
    ),
  )
  return [...found.counts.keys()].filter((key) => !attempted.has(key)).length
}

/** How long the load was being sent: from 0 until nothing was scheduled any more. */
export function loadWindowMs(lines: readonly LedgerLine[]): number {
  const end = lines.findLast((line) => line.event === 'end')
  if (end?.event === 'end') return end.scheduledUntilMs
  return lines.reduce(
    (last, line) => (line.event === 'done' ? Math.max(last, line.endMs) : last),
    0,
  )
}

export interface Gap {
  readonly startMs: number
  readonly endMs: number
}

/** The longest gap of a path between acknowledgements, or null when there was no load. */
export const gapOf = (lines: readonly LedgerLine[], path: LoadPath): Gap | null =>
  longestGap(
    lines.flatMap((line) =>
      line.event === 'done' && line.path === path && line.outcome === 'acknowledged'
        ? [line.endMs]
        : [],
    ),
    loadWindowMs(lines),
    steadyAtMs(lines),
  )

/** When the load had warmed up; 0 when nobody waited for it. */
const steadyAtMs = (lines: readonly LedgerLine[]): number =>
  lines.find((line) => line.event === 'steady')?.atMs ?? 0

/**
 * The longest time within the load's window (once it was steady) in which nothing was acknowledged, its edges included: a
 * path that never answered again counts until the end, and one that never answered has the whole window.
 */
export function longestGap(
  acknowledgedAtMs: readonly number[],
  windowMs: number,
  fromMs = 0,
): Gap | null {
  if (windowMs <= 0) return null
  const inside = acknowledgedAtMs
    .filter((atMs) => atMs >= fromMs && atMs < windowMs)
    .sort((a, b) => a - b)
  let previous = fromMs
  let longest: Gap = { startMs: fromMs, endMs: fromMs }
  for (const atMs of [...inside, windowMs]) {
    if (atMs - previous > longest.endMs - longest.startMs)
      longest = { startMs: previous, endMs: atMs }
    previous = atMs
  }
  return longest
}

const lengthOf = (gap: Gap | null): number | null =>
  gap === null ? null : round(gap.endMs - gap.startMs)

/**
 * Per second: acknowledgements by the time they arrived, latency by the time the request was due. So a
 * stall shows as seconds without acknowledgements, and as slow requests in the seconds in which they were made.
 */
export function seriesOf(lines: readonly LedgerLine[], path: LoadPath): readonly SeriesPoint[] {
  const seconds = Math.ceil(loadWindowMs(lines) / 1000)
  const latencies = Array.from({ length: seconds }, (): number[] => [])
  const acknowledged = new Array<number>(seconds).fill(0)
  const failedAttempts = new Array<number>(seconds).fill(0)
  const count = (counts: number[], atMs: number): void => {
    const second = Math.floor(atMs / 1000)
    if (second < seconds) counts[second] = (counts[second] ?? 0) + 1
  }
  for (const line of lines) {
    if (line.event === 'try' && line.path === path) count(failedAttempts, line.atMs)
    if (line.event !== 'done' || line.path !== path) continue
    if (line.outcome === 'acknowledged') count(acknowledged, line.endMs)
    latencies[Math.floor(line.scheduledMs / 1000)]?.push(latencyOf(line))
  }
  return latencies.map((values, second) => ({
    second,
    acknowledged: acknowledged[second] ?? 0,
    failedAttempts: failedAttempts[second] ?? 0,
    p50: percentile(values, 0.5),
    max: percentile(values, 1),
  }))
}

/** The nearest-rank percentile, or null of nothing. */
export function percentile(values: readonly number[], share: number): number | null {
  const sorted = [...values].sort((a, b) => a - b)
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
  return value === undefined ? null : round(value)
}

function countErrors(lines: readonly LedgerLine[], path: LoadPath): Record<string, number> {
  const counts = new Map<string, number>()
  for (const line of lines) {
    const isTry = line.event === 'try' && line.path === path
    const isOverload = line.event === 'done' && line.path === path && line.kind === 'overload'
    if (!isTry && !isOverload) continue
    const kind = line.kind ?? 'unknown'
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a))
}

/** From the scheduled start, whenever it was really sent. */
const latencyOf = ({ scheduledMs, endMs }: LedgerDone): number => round(endMs - scheduledMs)

const round = (ms: number): number => Math.round(ms * 10) / 10
