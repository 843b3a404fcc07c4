/** From all runs to a row per drill: medians, maxima, with and without controllers, and how it went over time. Pure. */
import type { DrillResult } from '@neuronha/core/contracts/drill-result.ts'
import { percentile } from '../analyse.ts'

/** One run, as far as the history shows it. */
export interface Run {
  readonly startedAt: string
  readonly commit: string
  readonly withController: boolean
  readonly verdict: DrillResult['verdict']
  readonly reasons: readonly string[]
  readonly rtoMs: number | null
  readonly sqlRtoMs: number | null
  readonly wholeAgainMs: number | null
  readonly lost: number
  readonly duplicated: number
  readonly overlaps: number
  readonly clientErrors: number
  readonly reportFile: string | null
}

/** Runs of one drill in one mode on one commit, together. */
export interface Figures {
  readonly runs: number
  readonly passed: number
  readonly medianRtoMs: number | null
  readonly maxRtoMs: number | null
  readonly medianSqlRtoMs: number | null
  readonly maxSqlRtoMs: number | null
  readonly medianWholeAgainMs: number | null
  /** In all of the runs together. */
  readonly lost: number
  readonly duplicated: number
  readonly overlaps: number
  readonly clientErrors: number
}

export interface DrillSummary {
  readonly drill: string
  readonly variant: string
  readonly kind: DrillResult['kind']
  /** The newest commit that has runs of both modes, else the newest that has any: all figures are of it. */
  readonly commit: string
  readonly withController: Figures | null
  readonly withoutController: Figures | null
  /** Median RTO without controllers, divided by that with them. */
  readonly ratio: number | null
  /** What the model said at the last run with controllers, milliseconds. */
  readonly predictedRtoMs: number | null
  /** Of every commit, in order of time; those that were refused are left out. */
  readonly runs: readonly Run[]
}

export interface HistorySummary {
  readonly cluster: string
  readonly drills: readonly DrillSummary[]
  readonly totals: {
    readonly runs: number
    readonly acknowledged: number
    readonly lost: number
    readonly duplicated: number
    readonly overlaps: number
  }
}

export function summarise(cluster: string, all: readonly DrillResult[]): HistorySummary {
  const results = all.filter(({ verdict }) => verdict !== 'refused')
  const judged = results.filter(({ verdict }) => verdict !== 'aborted')
  const sum = (valueOf: (result: DrillResult) => number): number =>
    judged.reduce((total, result) => total + valueOf(result), 0)
  return {
    cluster,
    drills: [...Map.groupBy(results, keyOf).values()].map(summariseDrill),
    totals: {
      runs: judged.length,
      acknowledged: sum((result) => onPaths(result, 'acknowledged')),
      lost: sum((result) => onPaths(result, 'lost')),
      duplicated: sum((result) => onPaths(result, 'duplicated')),
      overlaps: sum(({ overlaps }) => overlaps),
    },
  }
}

const keyOf = ({ drill, variant }: DrillResult): string => `${drill} ${variant}`

type Counted = 'acknowledged' | 'lost' | 'duplicated' | 'clientErrors'

/** Both SQL paths write one table; each counts its own rows. */
const onPaths = ({ paths }: DrillResult, field: Counted): number =>
  Object.values(paths).reduce((total, path) => total + (path?.[field] ?? 0), 0)

const runOf = (result: DrillResult): Run => ({
  startedAt: result.startedAt,
  commit: result.commit,
  withController: result.withController,
  verdict: result.verdict,
  reasons: result.reasons,
  rtoMs: result.rtoMs,
  sqlRtoMs: result.paths.sql?.rtoMs ?? null,
  wholeAgainMs: result.wholeAgainMs,
  lost: onPaths(result, 'lost'),
  duplicated: onPaths(result, 'duplicated'),
  overlaps: result.overlaps,
  clientErrors: onPaths(result, 'clientErrors'),
  reportFile: result.reportFile,
})

function summariseDrill(results: readonly DrillResult[]): DrillSummary {
  const runs = results.map(runOf)
  const judged = runs.filter(({ verdict }) => verdict !== 'aborted')
  const commit = chooseCommit(judged)
  const of = (withController: boolean): Figures | null =>
    figuresOf(
      judged.filter((run) => run.commit === commit && run.withController === withController),
    )
  const withController = of(true)
  const withoutController = of(false)
  const last = results.findLast((result) => result.withController)
  const { drill = '', variant = '', kind = 'failover' } = results[0] ?? {}
  return {
    drill,
    variant,
    kind,
    commit,
    withController,
    withoutController,
    ratio: ratioOf(withoutController?.medianRtoMs, withController?.medianRtoMs),
    predictedRtoMs: last?.predicted?.typicalMs ?? null,
    runs,
  }
}

function chooseCommit(runs: readonly Run[]): string {
  const newestFirst = [...new Set(runs.map(({ commit }) => commit).reverse())]
  const hasBoth = (commit: string): boolean =>
    [true, false].every((mode) =>
      runs.some((run) => run.commit === commit && run.withController === mode),
    )
  return newestFirst.find(hasBoth) ?? newestFirst[0] ?? ''
}

function figuresOf(runs: readonly Run[]): Figures | null {
  if (runs.length === 0) return null
  const numbers = (valueOf: (run: Run) => number | null): readonly number[] =>
    runs.map(valueOf).filter((value) => value !== null)
  const sum = (valueOf: (run: Run) => number): number =>
    runs.reduce((total, run) => total + valueOf(run), 0)
  const rto = numbers(({ rtoMs }) => rtoMs)
  const sql = numbers(({ sqlRtoMs }) => sqlRtoMs)
  return {
    runs: runs.length,
    passed: runs.filter(({ verdict }) => verdict === 'pass').length,
    medianRtoMs: percentile(rto, 0.5),
    maxRtoMs: percentile(rto, 1),
    medianSqlRtoMs: percentile(sql, 0.5),
    maxSqlRtoMs: percentile(sql, 1),
    medianWholeAgainMs: percentile(
      numbers(({ wholeAgainMs }) => wholeAgainMs),
      0.5,
    ),
    lost: sum(({ lost }) => lost),
    duplicated: sum(({ duplicated }) => duplicated),
    overlaps: sum(({ overlaps }) => overlaps),
    clientErrors: sum(({ clientErrors }) => clientErrors),
  }
}

/** With one decimal, so that people can say it. */
const ratioOf = (
  without: number | null | undefined,
  withThem: number | null | undefined,
): number | null =>
  without == null || withThem == null || withThem === 0
    ? null
    : Math.round((without / withThem) * 10) / 10
