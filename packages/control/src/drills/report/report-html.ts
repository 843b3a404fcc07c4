/**
 * A drill's report as one self-contained HTML file: verdict, numbers, plots, timeline, tables. Made from
 * the drill result alone, needs no network, and reads the same on paper.
 */
import type {
  DrillResult,
  PathResult,
  TimelineEvent,
} from '@neuronha/core/contracts/drill-result.ts'
import { bytes } from '../../observe/words.ts'
import { milliseconds, nameOf } from '../format-result.ts'
import { escapeHtml } from './html.ts'
import { renderPlot, type PlotLine, type PlotMark, type PlotOptions } from './plot.ts'
import { predictionSection } from './prediction-section.ts'
import { SCRIPT, STYLE } from './style.ts'

const PATH_NAMES: Readonly<Record<string, string>> = {
  http: 'HTTP, through the edge',
  sql: 'SQL, through the poolers',
  connect: 'New connections, to the routers',
}

/** `other`: the last run of the same drill, on the same code, in the other mode. */
export function renderDrillReport(result: DrillResult, other?: DrillResult): string {
  const title = `Drill ${nameOf(result)}: ${result.verdict}`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · ${escapeHtml(result.cluster)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${[brand(result), hero(result), tiles(result), comparison(result, other), predictionSection(result), ...plots(result), checks(result), timeline(result), tables(result), footer(result)].join('\n')}
</main>
<script>${SCRIPT}</script>
</body>
</html>
`
}

const brand = (result: DrillResult): string =>
  `<div class="brand"><span><b>NeuronHA</b> drill report</span><span>cluster <b>${escapeHtml(result.cluster)}</b> · ${escapeHtml(result.startedAt.replace('T', ' ').replace(/\.\d+Z$/, ' UTC'))}</span></div>`

function hero(result: DrillResult): string {
  const tone = result.verdict === 'pass' ? 'pass' : 'fail'
  const reasons = result.reasons.map((reason) => `<li>${escapeHtml(reason)}</li>`).join('')
  return `<section class="card hero ${tone}">
<span class="badge">${escapeHtml(result.verdict.toUpperCase())}</span>
<h1>${escapeHtml(headline(result))}</h1>
<p class="lead">${escapeHtml(subline(result))}</p>
${reasons === '' ? '' : `<ul class="reasons">${reasons}</ul>`}
</section>`
}

function headline(result: DrillResult): string {
  const on = result.target === '' ? '' : ` on ${result.target}`
  if (result.verdict === 'refused') return `${nameOf(result)} was refused`
  if (result.verdict === 'aborted') return `${nameOf(result)}${on} was not carried through`
  if (result.kind === 'restore' && result.rpoMs !== null)
    return `${nameOf(result)}${on}: usable after ${milliseconds(result.rtoMs)}, ${milliseconds(result.rpoMs)} of acknowledged writes missing`
  const what = result.kind === 'service' ? 'answers' : 'writes'
  return `${nameOf(result)}${on}: ${what} paused for ${milliseconds(result.rtoMs)}, ${lossWords(result)}`
}

function lossWords(result: DrillResult): string {
  const lost = sumOf(result, 'lost')
  const errors = sumOf(result, 'clientErrors')
  const lostWords = lost === 0 ? 'nothing was lost' : `${lost} acknowledged writes were lost`
  const errorWords = errors === 0 ? 'no client saw an error' : `${errors} requests failed`
  return `${lostWords}, ${errorWords}`
}

const sumOf = (
  { paths }: DrillResult,
  field: 'acknowledged' | 'lost' | 'duplicated' | 'clientErrors' | 'staleReads',
): number => Object.values(paths).reduce((sum, path) => sum + (path?.[field] ?? 0), 0)

function subline(result: DrillResult): string {
  const load = `${result.ratePerSecond} requests per second and path, open loop, for ${result.seconds} s; edge ${result.edgeKind}.`
  const fault = result.timeline.find(
    ({ atMs, source }) => source === 'drill' && atMs === result.faultAtMs,
  )
  return fault === undefined ? load : `${capital(fault.what)}. ${load}`
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

function tiles(result: DrillResult): string {
  const { paths } = result
  const rto = Object.entries(paths).flatMap(([path, numbers]) =>
    numbers === null
      ? []
      : [tile(milliseconds(numbers.rtoMs), `RTO ${path}: longest gap between acknowledgements`)],
  )
  const counts = [
    tile(sumOf(result, 'acknowledged'), 'acknowledged'),
    tile(sumOf(result, 'lost'), 'lost', true),
    tile(sumOf(result, 'duplicated'), 'duplicated', true),
    tile(result.overlaps, 'acknowledged by two members', true),
    tile(sumOf(result, 'clientErrors'), 'client errors', true),
    tile(sumOf(result, 'staleReads'), 'stale reads', true),
    tile(milliseconds(result.wholeAgainMs), 'until everything was healthy again'),
  ]
  return `<section class="tiles">${[...restoreTiles(result), ...rto, ...counts].join('')}</section>`
}

function restoreTiles({ rtoMs, rpoMs, restoreMs, restored }: DrillResult): readonly string[] {
  if (rpoMs === null) return []
  return [
    tile(milliseconds(rtoMs), 'RTO: until what was restored is usable'),
    tile(milliseconds(rpoMs), 'RPO: acknowledged writes that are missing'),
    tile(milliseconds(restoreMs), 'copied and replayed'),
    ...(restored === null
      ? []
      : [
          tile(bytes(restored.databaseBytes), 'copied'),
          tile(bytes(restored.bytesInAnHour), 'could be restored within an hour'),
        ]),
  ]
}

function tile(value: number | string, label: string, isBadWhenPositive = false): string {
  const tone = isBadWhenPositive && Number(value) > 0 ? ' bad' : ''
  const text = typeof value === 'number' ? value.toLocaleString('en') : value
  return `<div class="tile"><div class="value${tone}">${escapeHtml(text)}</div><div class="label">${escapeHtml(label)}</div></div>`
}

/** With and without controllers, side by side. */
function comparison(result: DrillResult, other: DrillResult | undefined): string {
  if (other === undefined) return ''
  const [withThem, without] = result.withController ? [result, other] : [other, result]
  const ratio =
    withThem.rtoMs === null || without.rtoMs === null || withThem.rtoMs === 0
      ? ''
      : `: ${(without.rtoMs / withThem.rtoMs).toFixed(1)} times as long`
  const row = (label: string, textOf: (of: DrillResult) => string): string =>
    `<tr><th>${label}</th><td class="number">${textOf(withThem)}</td><td class="number">${textOf(without)}</td></tr>`
  return `<section class="card"><h2>The same fault with Patroni alone${ratio}</h2><div class="scroll"><table>
<tr><th></th><th class="number">with controllers</th><th class="number">Patroni alone</th></tr>
${row('RTO', ({ rtoMs }) => milliseconds(rtoMs))}
${row('RTO, SQL', ({ paths }) => milliseconds(paths.sql?.rtoMs ?? null))}
${row('Client errors', (of) => String(sumOf(of, 'clientErrors')))}
${row('Lost', (of) => String(sumOf(of, 'lost')))}
${row('Whole again', ({ wholeAgainMs }) => milliseconds(wholeAgainMs))}
</table></div></section>`
}

type Series = DrillResult['series'][string]

function plots(result: DrillResult): readonly string[] {
  const series = Object.entries(result.series)
  if (series.length === 0) return []
  const seconds = Math.max(1, ...series.map(([, points]) => points.length))
  const marks = marksOf(result)
  const linesOf = (
    kind: string,
    className: string,
    valueOf: (point: Series[number]) => number | null,
  ): PlotLine[] =>
    series.map(([path, points]) => ({
      label: kind === '' ? path : `${path} ${kind}`,
      className: `${path} ${className}`.trim(),
      values: points.map(valueOf),
    }))
  const common = { seconds, marks }
  return [
    plotCard({
      ...common,
      title:
        'Latency from the scheduled start, retries included, by the second in which the request was due',
      unit: 'ms',
      scale: 'log',
      lines: [
        ...linesOf('slowest', '', ({ max }) => max),
        ...linesOf('median', 'thin', ({ p50 }) => p50),
      ],
    }),
    plotCard({
      ...common,
      title: `Acknowledged ${result.kind === 'service' ? 'requests' : 'writes'} per second`,
      unit: '',
      scale: 'linear',
      lines: linesOf('', '', ({ acknowledged }) => acknowledged),
    }),
  ]
}

function marksOf(result: DrillResult): readonly PlotMark[] {
  if (result.faultAtMs === null) return []
  const fault: PlotMark = { atMs: result.faultAtMs, label: 'fault', className: 'fault' }
  if (result.wholeAgainMs === null) return [fault]
  const atMs = result.faultAtMs + result.wholeAgainMs
  return [fault, { atMs, label: 'whole again', className: 'whole' }]
}

function plotCard(options: PlotOptions): string {
  const legend = options.lines
    .map(({ label, className }) => `<span><i class="${className}"></i>${escapeHtml(label)}</span>`)
    .join('')
  const values = JSON.stringify(options.lines.map((line) => [line.label, line.values]))
  return `<section class="card" data-unit="${options.unit}" data-plot="${escapeHtml(values)}">
<h2>${escapeHtml(options.title)}</h2>
<div class="legend">${legend}<span class="readout" aria-live="off"></span></div>
${renderPlot(options)}
</section>`
}

/** What this drill wanted beside the general promises, and who acknowledged when. */
function checks(result: DrillResult): string {
  const items = result.checks.map(
    ({ what, held, detail }) =>
      `<tr><td class="${held ? 'held' : 'bad'}">${held ? 'held' : 'not held'}</td><td>${escapeHtml(what)}</td><td>${escapeHtml(detail)}</td></tr>`,
  )
  const terms = result.acknowledgedBy.map(
    ({ member, timeline: line, writes, fromMs, untilMs }) =>
      `<tr><td>${escapeHtml(member)}</td><td class="number">${line}</td><td class="number">${writes.toLocaleString('en')}</td><td class="number">${seconds(fromMs)}</td><td class="number">${seconds(untilMs)}</td></tr>`,
  )
  const checked =
    items.length === 0
      ? ''
      : `<section class="card"><h2>What had to hold besides</h2><div class="scroll"><table>${items.join('')}</table></div></section>`
  const acknowledged =
    terms.length === 0
      ? ''
      : `<section class="card"><h2>Who acknowledged: one member at any instant</h2><div class="scroll"><table><tr><th>member</th><th class="number">timeline</th><th class="number">writes</th><th class="number">first</th><th class="number">last</th></tr>${terms.join('')}</table></div></section>`
  return checked + acknowledged
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`

function timeline(result: DrillResult): string {
  if (result.timeline.length === 0) return ''
  const items = result.timeline.map((event) => timelineItem(event, result.faultAtMs))
  return `<section class="card"><h2>Timeline, in seconds from the fault</h2><ol class="timeline">${items.join('')}</ol></section>`
}

function timelineItem({ atMs, what, source }: TimelineEvent, faultAtMs: number | null): string {
  const fromFault = (atMs - (faultAtMs ?? 0)) / 1000
  const isFault = source === 'drill' && atMs === faultAtMs
  const sign = fromFault < 0 ? '−' : '+'
  return `<li class="${isFault ? 'fault' : escapeHtml(source)}"><time>${sign}${Math.abs(fromFault).toFixed(2)} s</time><span class="dot"></span><span class="what">${escapeHtml(what)}</span><span class="source">${escapeHtml(source)}</span></li>`
}

const ROWS: readonly (readonly [string, (path: PathResult) => string])[] = [
  ['RTO: longest gap between acknowledgements', ({ rtoMs }) => milliseconds(rtoMs)],
  ['Longest request, retries included', ({ longestStallMs }) => milliseconds(longestStallMs)],
  ['Latency, median', ({ latencyMs }) => milliseconds(latencyMs.p50)],
  ['Latency, 99th percentile', ({ latencyMs }) => milliseconds(latencyMs.p99)],
  ['Attempted', ({ attempted }) => attempted.toLocaleString('en')],
  ['Acknowledged', ({ acknowledged }) => acknowledged.toLocaleString('en')],
  ['Lost', ({ lost }) => String(lost)],
  ['Duplicated', ({ duplicated }) => String(duplicated)],
  ['Client errors', ({ clientErrors }) => String(clientErrors)],
  ['Stale reads', ({ staleReads }) => String(staleReads)],
  ['Retries', ({ retries }) => String(retries)],
  ['Sent late by the load generator', ({ lateSends }) => String(lateSends)],
]

function tables(result: DrillResult): string {
  const paths = Object.entries(result.paths).filter(
    (entry): entry is [string, PathResult] => entry[1] !== null,
  )
  const head = paths
    .map(([path]) => `<th class="number">${escapeHtml(PATH_NAMES[path] ?? path)}</th>`)
    .join('')
  const rows = ROWS.map(([label, textOf]) => {
    const cells = paths.map(([, numbers]) => `<td class="number">${textOf(numbers)}</td>`).join('')
    return `<tr><th>${label}</th>${cells}</tr>`
  })
  const errors = paths.flatMap(([path, { errorsByKind }]) =>
    Object.entries(errorsByKind).map(
      ([kind, count]) =>
        `<tr><td>${escapeHtml(path)}</td><td>${escapeHtml(kind)}</td><td class="number">${count}</td></tr>`,
    ),
  )
  const errorTable =
    errors.length === 0
      ? '<p class="lead">No try failed.</p>'
      : `<table><tr><th>path</th><th>kind</th><th class="number">tries</th></tr>${errors.join('')}</table>`
  return `<div class="columns"><section class="card"><h2>Numbers</h2><div class="scroll"><table><tr><th></th>${head}</tr>${rows.join('')}</table></div></section>
<section class="card"><h2>Failed tries by kind, those that a retry mended included</h2><div class="scroll">${errorTable}</div></section></div>`
}

const footer = (result: DrillResult): string => `<footer>
<p>Every request has its scheduled start, whatever became of the ones before it, and its latency counts from there. A request is a client error when a client that retries as the API documents (the same Idempotency-Key, at most 8 tries within 20 s) still did not get its answer. Lost: acknowledged, and not there in the final read from the primary. Duplicated: there more than once.</p>
<p>RTO is the longest time within the ${result.seconds} s of load in which no ${result.kind === 'service' ? 'request' : 'write'} was acknowledged.</p>
</footer>`
