/** Events as lines of text: time, severity, kind, what happened, to whom, and who did it. Pure. */
import type { PlatformEvent, Severity } from '@neuronha/core/contracts/coordination.ts'
import picocolors from 'picocolors'
import { MARKS, type Colors } from '../status/render-status.ts'
import { wrap, type Paint } from '../status/text-table.ts'

export interface FormatEventsOptions {
  readonly color: boolean
  /** Columns of the terminal. */
  readonly width: number
}

const MARK: Readonly<Record<Severity, string>> = {
  info: '·',
  warning: MARKS.half,
  critical: MARKS.bad,
}

const paintOf = (severity: Severity, colors: Colors): Paint => {
  switch (severity) {
    case 'info':
      return colors.dim
    case 'warning':
      return colors.yellow
    case 'critical':
      return (text) => colors.bold(colors.red(text))
  }
}

/** `2026-11-23 20:14:07`, UTC. */
const TIME_WIDTH = 19
const KIND_WIDTH = 19
const LEAST_TEXT = 24
const GAP = 2

const timeOf = (at: string): string => `${at.slice(0, 10)} ${at.slice(11, 19)}`

/** Who did it, when that says more than who wrote it down. */
const byWhom = ({ actor, source }: PlatformEvent): string =>
  actor === 'controller' ? source : actor

const aboutWhat = ({ target, summary }: PlatformEvent): string =>
  target === null || summary.includes(target) ? '' : `${target}  `

/** One event; what does not fit its line goes on below, indented. */
export function formatEvent(event: PlatformEvent, { color, width }: FormatEventsOptions): string {
  const colors = picocolors.createColors(color)
  const paint = paintOf(event.severity, colors)
  const kind = event.kind.padEnd(KIND_WIDTH)
  const indent = TIME_WIDTH + GAP + 1 + GAP + KIND_WIDTH + GAP
  const isNarrow = width - indent < LEAST_TEXT
  const by = `(${byWhom(event)})`
  const room = Math.max(LEAST_TEXT, width - (isNarrow ? GAP : indent))
  const lines = wrap(`${aboutWhat(event)}${event.summary} ${by}`, room)
  const head = `${colors.dim(timeOf(event.at))}  ${paint(MARK[event.severity])}  ${paint(kind)}`
  const dimBy = (line: string): string =>
    line.endsWith(by) ? line.slice(0, -by.length) + colors.dim(by) : line
  const [first = '', ...rest] = lines.map(dimBy)
  if (isNarrow) return [head.trimEnd(), first, ...rest].join(`\n${' '.repeat(GAP)}`)
  return [`${head}  ${first}`, ...rest.map((line) => ' '.repeat(indent) + line)].join('\n')
}

/** The heading of the columns, for people; times are UTC everywhere. */
export function formatEventsHeading({ color, width }: FormatEventsOptions): string {
  const titles = `${'Time (UTC)'.padEnd(TIME_WIDTH)}     ${'Kind'.padEnd(KIND_WIDTH)}  Event`
  return picocolors.createColors(color).dim(titles.slice(0, width).trimEnd())
}
