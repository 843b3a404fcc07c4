/**
 * Plots of a drill as SVG text: lines over seconds with the fault and the recovery marked. Colours and
 * fonts come from the page's CSS, so that one drawing serves light, dark and print.
 */
import { escapeHtml } from './html.ts'

export interface PlotLine {
  readonly label: string
  /** CSS class of the stroke. */
  readonly className: string
  /** Value of each second; null leaves a gap. */
  readonly values: readonly (number | null)[]
}

export interface PlotMark {
  readonly atMs: number
  readonly label: string
  readonly className: string
}

export interface PlotOptions {
  readonly title: string
  readonly unit: string
  readonly scale: 'linear' | 'log'
  readonly seconds: number
  readonly lines: readonly PlotLine[]
  readonly marks: readonly PlotMark[]
}

const WIDTH = 960
const HEIGHT = 260
const LEFT = 58
const RIGHT = 14
const TOP = 26
const BOTTOM = 30
const PLOT_WIDTH = WIDTH - LEFT - RIGHT
const PLOT_HEIGHT = HEIGHT - TOP - BOTTOM

interface Axis {
  readonly ticks: readonly number[]
  readonly toY: (value: number) => number
}

export function renderPlot(options: PlotOptions): string {
  const { seconds, lines, marks, title, unit } = options
  const axis = axisOf(options)
  const toX = (second: number): number => LEFT + (second / Math.max(1, seconds)) * PLOT_WIDTH
  const grid = axis.ticks.map((tick) => {
    const y = axis.toY(tick).toFixed(1)
    return `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}"/><text class="tick" x="${LEFT - 8}" y="${y}" dy="0.32em" text-anchor="end">${tickText(tick, unit)}</text>`
  })
  const times = timeTicks(seconds).map(
    (second) =>
      `<text class="tick" x="${toX(second).toFixed(1)}" y="${HEIGHT - 10}" text-anchor="middle">${second} s</text>`,
  )
  return [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(title)}" data-left="${LEFT}" data-width="${PLOT_WIDTH}" data-seconds="${seconds}">`,
    ...grid,
    ...times,
    ...renderMarks(marks, toX),
    ...lines.map((line) => renderLine(line, axis, toX)),
    `<line class="cursor" y1="${TOP}" y2="${HEIGHT - BOTTOM}" x1="-9" x2="-9"/>`,
    '</svg>',
  ].join('\n')
}

/** A span between two marks is shaded: the time in which the cluster was not whole. */
function renderMarks(
  marks: readonly PlotMark[],
  toX: (second: number) => number,
): readonly string[] {
  const [first, last] = [marks[0], marks.at(-1)]
  const shade =
    first === undefined || last === undefined || first === last
      ? []
      : [rectangle(toX(first.atMs / 1000), toX(last.atMs / 1000))]
  return [
    ...shade,
    ...marks.map(({ atMs, label, className }, index) => {
      const x = toX(atMs / 1000)
      // The first label ends at its line and the others begin at theirs, so that close marks stay readable.
      const anchor = index === 0 && x > LEFT + 120 ? 'end' : 'start'
      const shift = anchor === 'end' ? -5 : 5
      return `<line class="mark ${className}" x1="${x.toFixed(1)}" x2="${x.toFixed(1)}" y1="${TOP - 8}" y2="${HEIGHT - BOTTOM}"/><text class="mark-label ${className}" x="${(x + shift).toFixed(1)}" y="${TOP - 12}" text-anchor="${anchor}">${escapeHtml(label)}</text>`
    }),
  ]
}

const rectangle = (from: number, to: number): string =>
  `<rect class="outage" x="${from.toFixed(1)}" width="${Math.max(0, to - from).toFixed(1)}" y="${TOP}" height="${PLOT_HEIGHT}"/>`

function renderLine(line: PlotLine, axis: Axis, toX: (second: number) => number): string {
  let path = ''
  let isDrawing = false
  for (const [second, value] of line.values.entries()) {
    if (value === null) {
      isDrawing = false
      continue
    }
    const point = `${toX(second + 0.5).toFixed(1)} ${axis.toY(value).toFixed(1)}`
    path += `${isDrawing ? 'L' : 'M'}${point}`
    isDrawing = true
  }
  return `<path class="line ${line.className}" d="${path}"/>`
}

function axisOf({ scale, lines }: PlotOptions): Axis {
  const values = lines.flatMap((line) => line.values.filter((value) => value !== null))
  const highest = Math.max(1, ...values)
  return scale === 'log' ? logAxis(Math.min(...values, highest), highest) : linearAxis(highest)
}

/** Powers of ten from below the least to above the greatest value. */
function logAxis(lowest: number, highest: number): Axis {
  const from = Math.floor(Math.log10(Math.max(0.1, lowest)))
  const to = Math.max(from + 1, Math.ceil(Math.log10(highest)))
  const ticks = Array.from({ length: to - from + 1 }, (_, index) => 10 ** (from + index))
  const toY = (value: number): number => {
    const share = (Math.log10(Math.max(value, 10 ** from)) - from) / (to - from)
    return TOP + PLOT_HEIGHT * (1 - share)
  }
  return { ticks, toY }
}

function linearAxis(highest: number): Axis {
  const magnitude = 10 ** Math.floor(Math.log10(highest / 4))
  const step = [1, 2, 2.5, 5, 10]
    .map((factor) => factor * magnitude)
    .find((size) => size * 5 >= highest)
  const size = step ?? highest
  const count = Math.ceil(highest / size)
  const ticks = Array.from({ length: count + 1 }, (_, index) => index * size)
  return { ticks, toY: (value) => TOP + PLOT_HEIGHT * (1 - value / (count * size)) }
}

function timeTicks(seconds: number): readonly number[] {
  const step = [1, 2, 5, 10, 15, 30, 60, 120, 300].find((size) => seconds / size <= 12) ?? 600
  return Array.from({ length: Math.floor(seconds / step) + 1 }, (_, index) => index * step)
}

function tickText(value: number, unit: string): string {
  if (unit !== 'ms') return `${Number(value.toFixed(2))}`
  return value >= 1000 ? `${value / 1000} s` : `${Number(value.toFixed(1))} ms`
}
