/** A drill's result for people at a terminal. */
import type { DrillResult, PathResult } from '@neuronha/core/contracts/drill-result.ts'
import { createColors } from 'picocolors'
import { bytes } from '../observe/words.ts'
import { predictedWords } from './predicted.ts'

const VERDICT_WORDS = {
  pass: 'PASS',
  fail: 'FAIL',
  refused: 'REFUSED',
  aborted: 'ABORTED',
} as const satisfies Record<DrillResult['verdict'], string>

export function formatDrillResult(
  result: DrillResult,
  { color }: { readonly color: boolean },
): string {
  const paint = createColors(color)
  const tone = result.verdict === 'pass' ? paint.green : paint.red
  const on = result.target === '' ? '' : ` on ${result.target}`
  const head = `${tone(paint.bold(VERDICT_WORDS[result.verdict]))}  ${paint.bold(nameOf(result))}${on}`
  const reasons = result.reasons.map((reason) => `  ${paint.red('·')} ${reason}`)
  if (result.verdict === 'refused') return [head, ...reasons].join('\n')

  return [head, ...reasons, '', ...table(result), '', ...footer(result, paint.dim)].join('\n')
}

/** The drill with its form and mode: `service-kill agent`, `primary-crash without controllers`. */
export const nameOf = ({
  drill,
  variant,
  withController,
}: Pick<DrillResult, 'drill' | 'variant' | 'withController'>): string =>
  [drill, variant, withController ? '' : 'without controllers']
    .filter((part) => part !== '')
    .join(' ')

type Row = readonly [string, (path: PathResult) => string]

const ROWS: readonly Row[] = [
  ['RTO (longest gap)', ({ rtoMs }) => milliseconds(rtoMs)],
  ['longest request', ({ longestStallMs }) => milliseconds(longestStallMs)],
  [
    'latency p50 / p99',
    ({ latencyMs }) => `${milliseconds(latencyMs.p50)} / ${milliseconds(latencyMs.p99)}`,
  ],
  ['acknowledged', ({ acknowledged, attempted }) => `${acknowledged} of ${attempted}`],
  ['lost', ({ lost }) => String(lost)],
  ['duplicated', ({ duplicated }) => String(duplicated)],
  ['client errors', ({ clientErrors }) => String(clientErrors)],
  ['reads', ({ reads }) => String(reads)],
  ['stale reads', ({ staleReads }) => String(staleReads)],
  ['retries', ({ retries }) => String(retries)],
]

/** One line per number, one column per path. */
function table({ paths }: DrillResult): readonly string[] {
  const shown = Object.entries(paths).filter(
    (entry): entry is [string, PathResult] => entry[1] !== null,
  )
  const cells = [
    ['', ...shown.map(([name]) => name)],
    ...ROWS.map(([label, textOf]) => [label, ...shown.map(([, path]) => textOf(path))]),
  ]
  const widths = (cells[0] ?? []).map((_, column) =>
    Math.max(...cells.map((row) => (row[column] ?? '').length)),
  )
  return cells.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .replace(/^/, '  '),
  )
}

function footer(result: DrillResult, dim: (text: string) => string): readonly string[] {
  const whole =
    result.wholeAgainMs === null ? 'not seen' : `after ${milliseconds(result.wholeAgainMs)}`
  const overlaps =
    result.acknowledgedBy.length === 0
      ? []
      : [
          `  acknowledged by ${result.acknowledgedBy.map(({ member, timeline, writes }) => `${member} (timeline ${timeline}, ${writes})`).join(', ')}; ${result.overlaps} overlapping`,
        ]
  const checks = result.checks.map(({ what, held, detail }) =>
    held ? `  held: ${what}` : `  NOT held: ${what}: ${detail}`,
  )
  const predicted = predictedWords(result)
  return [
    ...(predicted === undefined ? [] : [`  ${predicted}`]),
    ...restoredWords(result),
    ...checks,
    ...overlaps,
    `  whole again ${whole}`,
    ...(result.reportFile === null ? [] : [dim(`  report ${result.reportFile}`)]),
  ]
}

/** Of a drill that restores. */
function restoredWords({
  kind,
  rtoMs,
  rpoMs,
  restoreMs,
  restored,
}: DrillResult): readonly string[] {
  if (kind !== 'restore' || rpoMs === null) return []
  const usable = `  usable after ${milliseconds(rtoMs)}; ${milliseconds(rpoMs)} of acknowledged writes are missing`
  if (restored === null) return [usable]
  const { databaseBytes, copyMs, replayMs, bytesInAnHour } = restored
  return [
    usable,
    `  restored in ${milliseconds(restoreMs)}: ${bytes(databaseBytes)} copied in ${milliseconds(copyMs)}, WAL replayed in ${milliseconds(replayMs)}; an hour would do for ${bytes(bytesInAnHour)}`,
  ]
}

/** `12 ms`, `2.4 s`, `–`. */
export function milliseconds(value: number | null): string {
  if (value === null) return '–'
  return value < 1000
    ? `${Math.round(value)} ms`
    : `${(value / 1000).toFixed(value < 9950 ? 2 : 1)} s`
}
