/** From a rehearsal to the drill result of the contract. Pure. */
import type { LedgerLine } from '@neuronha/core/config/loadgen.ts'
import type { DrillResult, TimelineEvent } from '@neuronha/core/contracts/drill-result.ts'
import {
  analysePath,
  gapOf,
  loadWindowMs,
  seriesOf,
  unexpectedWrites,
  type FoundWrites,
} from './analyse.ts'
import type { DrillDeps } from './drill-deps.ts'
import type { Scenario } from './scenarios/scenario.ts'
import { brokenPromises } from './verdict.ts'

/** What happened, as far as it was seen. */
export interface Rehearsal {
  readonly target: string
  readonly faultAtMs: number
  readonly wholeAgainMs: number | null
  readonly timeline: readonly TimelineEvent[]
  readonly lines: readonly LedgerLine[]
}

interface Head {
  readonly scenario: Pick<Scenario, 'name' | 'kind' | 'bounds'>
  readonly deps: Pick<DrillDeps, 'spec'>
  readonly startedAt: Date
  readonly ratePerSecond: number
}

export interface ResultParts extends Head {
  readonly rehearsal: Rehearsal
  readonly found: { readonly http: FoundWrites | null; readonly sql: FoundWrites | null }
}

export function buildResult({ rehearsal, found, ...head }: ResultParts): DrillResult {
  const { lines } = rehearsal
  const hasSql = lines.some((line) => line.event === 'done' && line.path === 'sql')
  const http = analysePath(lines, 'http', found.http)
  const sql = hasSql ? analysePath(lines, 'sql', found.sql) : null
  const reasons = brokenPromises({
    paths: { http, sql },
    unexpected: {
      http: found.http === null ? 0 : unexpectedWrites(lines, 'http', found.http),
      sql: found.sql === null ? 0 : unexpectedWrites(lines, 'sql', found.sql),
    },
    wholeAgainMs: rehearsal.wholeAgainMs,
    bounds: head.scenario.bounds,
  })
  return {
    ...headOf(head),
    ...http,
    verdict: reasons.length === 0 ? 'pass' : 'fail',
    reasons: [...reasons],
    seconds: Math.round(loadWindowMs(lines) / 100) / 10,
    target: rehearsal.target,
    faultAtMs: rehearsal.faultAtMs,
    wholeAgainMs: rehearsal.wholeAgainMs,
    timeline: timelineOf(rehearsal),
    paths: { http, sql },
    series: {
      http: [...seriesOf(lines, 'http')],
      ...(hasSql ? { sql: [...seriesOf(lines, 'sql')] } : {}),
    },
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
  const http = analysePath(lines, 'http', null)
  const hasSql = lines.some((line) => line.event === 'done' && line.path === 'sql')
  return {
    ...headOf(head),
    ...http,
    verdict,
    reasons: [...reasons],
    seconds: Math.round(loadWindowMs(lines) / 100) / 10,
    target: '',
    faultAtMs: null,
    wholeAgainMs: null,
    timeline: [],
    paths: { http, sql: hasSql ? analysePath(lines, 'sql', null) : null },
    series: {},
  }
}

type HeadFields = Pick<
  DrillResult,
  'drill' | 'kind' | 'cluster' | 'startedAt' | 'ratePerSecond' | 'edgeKind' | 'reportFile'
>

const headOf = ({ scenario, deps, startedAt, ratePerSecond }: Head): HeadFields => ({
  drill: scenario.name,
  kind: scenario.kind,
  cluster: deps.spec.name,
  startedAt: startedAt.toISOString(),
  ratePerSecond,
  edgeKind: deps.spec.edge.kind,
  reportFile: null,
})

/** What was done and observed, and the longest gap of each path, in order of time. */
function timelineOf({ lines, timeline, faultAtMs }: Rehearsal): TimelineEvent[] {
  const gaps = (['http', 'sql'] as const).flatMap((path): TimelineEvent[] => {
    const gap = gapOf(lines, path)
    // Only the gap that the fault made; a shorter one elsewhere is noise.
    if (gap === null || gap.endMs < faultAtMs) return []
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
