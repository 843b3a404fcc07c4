/** Drawings of the history as SVG text: medians side by side, and each drill's RTO over time. Pure. */
import { milliseconds } from '../format-result.ts'
import type { DrillSummary, Figures, Run } from '../history/summarise.ts'
import { escapeHtml } from './html.ts'

const WIDTH = 960
const LABEL = 250
const RIGHT = 90
const ROW = 34
const TOP = 34
const BAR = 10
const PLOT_WIDTH = WIDTH - LABEL - RIGHT
const LEAST_MS = 10

/** Where a time stands on the common logarithmic axis. */
type ToX = (ms: number) => number

const scaleOf = (mostMs: number): { readonly toX: ToX; readonly ticks: readonly number[] } => {
  const decades = Math.max(2, Math.ceil(Math.log10(mostMs / LEAST_MS)))
  const toX: ToX = (ms) =>
    LABEL + (Math.log10(Math.max(ms, LEAST_MS) / LEAST_MS) / decades) * PLOT_WIDTH
  return { toX, ticks: Array.from({ length: decades + 1 }, (_, power) => LEAST_MS * 10 ** power) }
}

/** A bar to the median and a mark at the maximum, for each drill and mode. */
export function renderComparison(drills: readonly DrillSummary[]): string {
  const shown = drills.filter(
    ({ withController, withoutController }) =>
      (withController ?? withoutController)?.medianRtoMs != null,
  )
  const most = Math.max(
    1000,
    ...shown.flatMap(({ withController, withoutController }) => [
      withController?.maxRtoMs ?? 0,
      withoutController?.maxRtoMs ?? 0,
    ]),
  )
  const { toX, ticks } = scaleOf(most)
  const height = TOP + shown.length * ROW + 8
  const grid = ticks.map((tick) => {
    const x = toX(tick).toFixed(1)
    return `<line class="grid" x1="${x}" x2="${x}" y1="${TOP - 8}" y2="${height}"/><text class="tick" x="${x}" y="${TOP - 16}" text-anchor="middle">${milliseconds(tick)}</text>`
  })
  return [
    `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Median RTO of each drill with and without controllers">`,
    ...grid,
    ...shown.map((drill, index) => renderRow(drill, TOP + index * ROW, toX)),
    '</svg>',
  ].join('\n')
}

function renderRow(drill: DrillSummary, top: number, toX: ToX): string {
  const name = escapeHtml(`${drill.drill} ${drill.variant}`.trim())
  const ratio =
    drill.ratio === null
      ? ''
      : `<text class="ratio" x="${WIDTH - 8}" y="${top + ROW / 2}" dy="0.32em" text-anchor="end">${drill.ratio}×</text>`
  return [
    `<text class="name" x="${LABEL - 12}" y="${top + ROW / 2}" dy="0.32em" text-anchor="end">${name}</text>`,
    renderBar(drill.withController, 'with', top + 5, toX),
    renderBar(drill.withoutController, 'without', top + 7 + BAR, toX),
    ratio,
  ].join('')
}

function renderBar(figures: Figures | null, className: string, y: number, toX: ToX): string {
  if (figures?.medianRtoMs == null) return ''
  const end = toX(figures.medianRtoMs)
  const most = toX(figures.maxRtoMs ?? figures.medianRtoMs)
  const title = `${className} controllers: median ${milliseconds(figures.medianRtoMs)}, max ${milliseconds(figures.maxRtoMs)}, ${figures.runs} runs`
  return `<g><title>${escapeHtml(title)}</title><rect class="bar ${className}" x="${LABEL}" width="${Math.max(2, end - LABEL).toFixed(1)}" y="${y}" height="${BAR}" rx="2"/><line class="most ${className}" x1="${most.toFixed(1)}" x2="${most.toFixed(1)}" y1="${y - 1}" y2="${y + BAR + 1}"/></g>`
}

const TREND_WIDTH = 220
const TREND_HEIGHT = 40
const INSET = 5

/** RTO of every run in order of time, on a logarithmic scale of its own; a run that failed is red. */
export function renderTrend(runs: readonly Run[]): string {
  const measured = runs.filter(({ rtoMs }) => rtoMs !== null)
  if (measured.length === 0) return ''
  const values = measured.map(({ rtoMs }) => Math.log10(Math.max(rtoMs ?? 1, 1)))
  const least = Math.min(...values) - 0.05
  const most = Math.max(...values) + 0.05
  const toY = (rtoMs: number): number =>
    TREND_HEIGHT -
    INSET -
    ((Math.log10(Math.max(rtoMs, 1)) - least) / (most - least)) * (TREND_HEIGHT - 2 * INSET)
  const toX = (index: number): number =>
    measured.length === 1
      ? TREND_WIDTH / 2
      : INSET + (index / (measured.length - 1)) * (TREND_WIDTH - 2 * INSET)
  const dots = measured.map((run, index) => {
    const tone = run.verdict === 'pass' ? (run.withController ? 'with' : 'without') : 'bad'
    const title = `${run.startedAt.slice(0, 16).replace('T', ' ')}, ${run.commit}: ${milliseconds(run.rtoMs)}${run.withController ? '' : ' without controllers'}, ${run.verdict}`
    return `<circle class="dot ${tone}" cx="${toX(index).toFixed(1)}" cy="${toY(run.rtoMs ?? 1).toFixed(1)}" r="3"><title>${escapeHtml(title)}</title></circle>`
  })
  const line = measured
    .flatMap((run, index) =>
      run.withController ? [`${toX(index).toFixed(1)} ${toY(run.rtoMs ?? 1).toFixed(1)}`] : [],
    )
    .join('L')
  const path = line.includes('L') ? `<path class="trend" d="M${line}"/>` : ''
  return `<svg class="spark" viewBox="0 0 ${TREND_WIDTH} ${TREND_HEIGHT}" role="img" aria-label="RTO over time">${path}${dots.join('')}</svg>`
}
