/** The history for people at a terminal: one line per drill. Pure. */
import { createColors } from 'picocolors'
import { milliseconds } from '../format-result.ts'
import type { DrillSummary, Figures, HistorySummary } from './summarise.ts'

type Column = readonly [title: string, textOf: (drill: DrillSummary) => string]

const COLUMNS: readonly Column[] = [
  ['drill', ({ drill, variant }) => `${drill} ${variant}`.trim()],
  ['passed', ({ withController }) => passedOf(withController)],
  ['median', ({ withController }) => milliseconds(withController?.medianRtoMs ?? null)],
  ['max', ({ withController }) => milliseconds(withController?.maxRtoMs ?? null)],
  ['predicted', ({ predictedRtoMs }) => milliseconds(predictedRtoMs)],
  ['lost', ({ withController, withoutController }) => lostOf(withController, withoutController)],
  ['errors', ({ withController }) => String(withController?.clientErrors ?? '–')],
  [
    'Patroni alone',
    ({ withoutController }) => milliseconds(withoutController?.medianRtoMs ?? null),
  ],
  ['max', ({ withoutController }) => milliseconds(withoutController?.maxRtoMs ?? null)],
  ['ratio', ({ ratio }) => (ratio === null ? '–' : `${ratio}×`)],
]

const passedOf = (figures: Figures | null): string =>
  figures === null ? '–' : `${figures.passed}/${figures.runs}`

const lostOf = (...modes: readonly (Figures | null)[]): string =>
  String(modes.reduce((sum, figures) => sum + (figures?.lost ?? 0), 0))

export function formatSummary(
  { drills, totals }: HistorySummary,
  { color }: { readonly color: boolean },
): string {
  if (drills.length === 0) return 'No drill has been run yet: `./neuronha drill list` shows them.'
  const paint = createColors(color)
  const rows = [
    COLUMNS.map(([title]) => title),
    ...drills.map((drill) => COLUMNS.map(([, textOf]) => textOf(drill))),
  ]
  const widths = COLUMNS.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  const lines = rows.map((row, index) => {
    const cells = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    )
    return index === 0 ? paint.dim(cells.join('  ')) : cells.join('  ')
  })
  const { runs, acknowledged, lost, duplicated, overlaps } = totals
  const tone = lost + duplicated + overlaps === 0 ? paint.green : paint.red
  const sum = `${runs} runs, ${acknowledged.toLocaleString('en')} acknowledged writes: ${lost} lost, ${duplicated} duplicated, ${overlaps} acknowledged by two members`
  return [...lines, '', tone(sum)].join('\n')
}
