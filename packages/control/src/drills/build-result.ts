/** From a rehearsal to the drill result of the contract. Pure. */
import type { LedgerLine, LoadPath } from '@neuronha/core/config/loadgen.ts'
import type {
  DrillCheck,
  DrillResult,
  PathResult,
  TimelineEvent,
} from '@neuronha/core/contracts/drill-result.ts'
import { countOverlaps, termsOf } from './acknowledgements.ts'
import {
  analysePath,
  gapOf,
  loadWindowMs,
  seriesOf,
  unexpectedWrites,
  type FoundWrites,
} from './analyse.ts'
import type { DrillDeps } from './drill-deps.ts'
import { predictionOf } from './predicted.ts'
import type { Bounds, Recovery, Scenario, Span } from './scenarios/scenario.ts'
import { brokenPromises } from './verdict.ts'

/** What happened, as far as it was seen. */
export interface Rehearsal {
  readonly target: string
  readonly faultAtMs: number
  readonly healedAtMs: number | null
  readonly wholeAgainMs: number | null
  /** Acknowledgements of that time may be missing. */
  readonly unpromised?: Span | undefined
  readonly timeline: readonly TimelineEvent[]
  readonly lines: readonly LedgerLine[]
}

interface Head {
  readonly scenario: Pick<Scenario, 'name' | 'kind' | 'mayShowErrors'>
  readonly bounds: Bounds
  readonly variant: string
  readonly withController: boolean
  readonly deps: Pick<DrillDeps, 'spec' | 'commit'>
  readonly startedAt: Date
  readonly ratePerSecond: number
}

export interface ResultParts extends Head {
  readonly rehearsal: Rehearsal
  readonly found: FoundByPath
  readonly checks: readonly DrillCheck[]
  readonly recovery?: Recovery | undefined
}

/** Null where a path writes nothing. */
export type FoundByPath = Readonly<Record<LoadPath, FoundWrites | null>>

const PATHS = ['http', 'sql', 'connect'] as const

const hasPath = (lines: readonly LedgerLine[], path: LoadPath): boolean =>
  lines.some((line) => line.event === 'done' && line.path === path)

export function buildResult({
  rehearsal,
  found,
  checks,
  recovery,
  ...head
}: ResultParts): DrillResult {
  const { lines } = rehearsal
  const paths = pathsOf(lines, found, rehearsal.unpromised)
  const overlaps = countOverlaps(lines)
  const reasons = brokenPromises({
    paths,
    unexpected: Object.fromEntries(
      PATHS.map((path) => [
        path,
        // Both SQL paths write one table, which is judged as a whole with the first of them.
        found[path] === null || path === 'connect'
          ? 0
          : unexpectedWrites(lines, path === 'sql' ? ['sql', 'connect'] : [path], found[path]),
      ]),
    ),
    wholeAgainMs: rehearsal.wholeAgainMs,
    bounds: head.bounds,
    overlaps,
    checks,
    mayShowErrors: head.scenario.mayShowErrors === true || !head.withController,
  })
  return {
    ...headOf(head),
    ...topOf(paths),
    rpoMs: null,
    restoreMs: null,
    restored: null,
    ...recoveryOf(recovery),
    verdict: reasons.length === 0 ? 'pass' : 'fail',
    reasons: [...reasons],
    seconds: secondsOf(lines),
    target: rehearsal.target,
    faultAtMs: rehearsal.faultAtMs,
    healedAtMs: rehearsal.healedAtMs,
    wholeAgainMs: rehearsal.wholeAgainMs,
    overlaps,
    acknowledgedBy: [...termsOf(lines)],
    checks: [...checks],
    timeline: timelineOf(rehearsal),
    paths,
    series: Object.fromEntries(
      PATHS.filter((path) => paths[path] !== null).map((path) => [
        path,
        [...seriesOf(lines, path)],
      ]),
    ),
  }
}

export interface EmptyParts extends Head {
  readonly verdict: 'refused' | 'aborted'
  readonly reasons: readonly string[]
  /** What was done until then; nothing of it was read back. */
  readonly lines?: readonly LedgerLine[]
}

/** The result of a drill that was not carried through. */
export function emptyResult({ verdict, reasons, lines = [], ...head }: EmptyParts): DrillResult {
  const seen = pathsOf(lines, { http: null, sql: null, connect: null })
  // Nothing was broken, so no gap is a time to recover.
  const paths =
    verdict === 'refused'
      ? {
          http: withoutRto(seen.http),
          sql: withoutRto(seen.sql),
          connect: withoutRto(seen.connect),
        }
      : seen
  return {
    ...headOf(head),
    ...topOf(paths),
    verdict,
    reasons: [...reasons],
    seconds: secondsOf(lines),
    target: '',
    faultAtMs: null,
    healedAtMs: null,
    wholeAgainMs: null,
    rpoMs: null,
    restoreMs: null,
    restored: null,
    overlaps: 0,
    acknowledgedBy: [],
    checks: [],
    timeline: [],
    paths,
    series: {},
  }
}

function pathsOf(
  lines: readonly LedgerLine[],
  found: FoundByPath,
  unpromised?: Span,
): DrillResult['paths'] {
  const of = (path: LoadPath): PathResult | null =>
    hasPath(lines, path) ? analysePath(lines, path, found[path], unpromised) : null
  return { http: of('http'), sql: of('sql'), connect: of('connect') }
}

const withoutRto = (path: PathResult | null): PathResult | null =>
  path === null ? null : { ...path, rtoMs: null }

/**
 * The numbers at the top are those of the front door, or of the only path there was. Where new connections are
 * counted too, the longest gap of all is the one that users had.
 */
function topOf({ http, sql, connect }: DrillResult['paths']): PathResult {
  const main = http ?? sql ?? analysePath([], 'http', null)
  if (connect?.rtoMs == null) return main
  return { ...main, rtoMs: Math.max(main.rtoMs ?? 0, connect.rtoMs) }
}

const HOUR_MS = 3_600_000

/** Where something was restored, the RTO is that of the restore; how the load fared is in `paths`. */
function recoveryOf(recovery: Recovery | undefined): Partial<DrillResult> {
  if (recovery === undefined) return {}
  const { usableMs, rpoMs, restored } = recovery
  const { database_bytes: databaseBytes, restore_ms: copyMs, replay_ms: replayMs } = restored
  if (databaseBytes === null || copyMs === null || replayMs === null)
    return { rtoMs: usableMs, rpoMs }
  const besideCopyMs = Math.max(0, usableMs - copyMs)
  return {
    rtoMs: usableMs,
    rpoMs,
    restoreMs: copyMs + replayMs,
    restored: {
      databaseBytes,
      copyMs,
      replayMs,
      bytesInAnHour: Math.round(
        (databaseBytes / Math.max(1, copyMs)) * Math.max(0, HOUR_MS - besideCopyMs),
      ),
    },
  }
}

const secondsOf = (lines: readonly LedgerLine[]): number =>
  Math.round(loadWindowMs(lines) / 100) / 10

type HeadFields = Pick<
  DrillResult,
  | 'drill'
  | 'variant'
  | 'kind'
  | 'withController'
  | 'commit'
  | 'cluster'
  | 'startedAt'
  | 'ratePerSecond'
  | 'edgeKind'
  | 'predicted'
  | 'reportFile'
>

const headOf = (head: Head): HeadFields => ({
  drill: head.scenario.name,
  variant: head.variant,
  kind: head.scenario.kind,
  withController: head.withController,
  commit: head.deps.commit,
  cluster: head.deps.spec.name,
  startedAt: head.startedAt.toISOString(),
  ratePerSecond: head.ratePerSecond,
  edgeKind: head.deps.spec.edge.kind,
  predicted: predictedOf(head),
  reportFile: null,
})

const predictedOf = ({ deps, scenario, withController }: Head): DrillResult['predicted'] => {
  const path = predictionOf(deps.spec, scenario.name, withController)
  return path === null ? null : { ...path, terms: [...path.terms] }
}

/** What was done, decided and observed, and the longest gap of each path, in order of time. */
function timelineOf({ lines, timeline, faultAtMs }: Rehearsal): TimelineEvent[] {
  const gaps = PATHS.flatMap((path): TimelineEvent[] => {
    const gap = gapOf(lines, path)
    // Only the gap that the fault made; a shorter one elsewhere is noise.
    if (!hasPath(lines, path) || gap === null || gap.endMs < faultAtMs) return []
    const lengthMs = Math.round(gap.endMs - gap.startMs)
    return [
      {
        atMs: Math.round(gap.startMs),
        what: `last ${path} acknowledgement before the gap`,
        source: 'ledger',
      },
      {
        atMs: Math.round(gap.endMs),
        what: `${path} acknowledges again after ${lengthMs} ms`,
        source: 'ledger',
      },
    ]
  })
  return [...timeline, ...gaps].sort((a, b) => a.atMs - b.atMs)
}
