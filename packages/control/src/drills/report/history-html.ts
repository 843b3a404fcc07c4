/**
 * The report over all runs as one self-contained HTML file: what was promised and kept in total, medians and maxima
 * of each drill with and without controllers, its trend, and every run. Needs no network, and reads the same on paper.
 */
import { basename } from 'node:path'
import { milliseconds } from '../format-result.ts'
import type { DrillSummary, Figures, HistorySummary, Run } from '../history/summarise.ts'
import { renderComparison, renderTrend } from './history-plot.ts'
import { escapeHtml } from './html.ts'
import { HISTORY_STYLE, STYLE } from './style.ts'

export function renderHistoryReport(summary: HistorySummary, now: Date): string {
  const { cluster, drills } = summary
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Drills of ${escapeHtml(cluster)}</title>
<style>${STYLE}${HISTORY_STYLE}</style>
</head>
<body>
<main>
<div class="brand"><span><b>NeuronHA</b> drill history</span><span>cluster <b>${escapeHtml(cluster)}</b> · ${dateOf(now.toISOString())}</span></div>
${[hero(summary), tiles(summary), comparison(drills), table(drills), ...drills.map(runs), footer()].join('\n')}
</main>
</body>
</html>
`
}

const dateOf = (iso: string): string => `${iso.slice(0, 16).replace('T', ' ')} UTC`
const nameOf = ({ drill, variant }: DrillSummary): string => `${drill} ${variant}`.trim()

function hero({ totals, drills }: HistorySummary): string {
  const broken = totals.lost + totals.duplicated + totals.overlaps
  const latest = drills.flatMap((drill) => drill.runs.at(-1) ?? [])
  const failing = drills.filter((drill) => (drill.runs.at(-1)?.verdict ?? 'pass') !== 'pass')
  const isGood = broken === 0 && failing.length === 0
  const headline =
    broken === 0
      ? `${totals.acknowledged.toLocaleString('en')} acknowledged writes through ${totals.runs} failures: none lost, none doubled`
      : `${totals.lost} acknowledged writes lost, ${totals.duplicated} doubled, ${totals.overlaps} acknowledged by two members`
  const state =
    failing.length === 0
      ? `The last run of each of the ${latest.length} drills passed.`
      : `The last run did not pass for: ${failing.map(nameOf).join(', ')}.`
  return `<section class="card hero ${isGood ? 'pass' : 'fail'}">
<span class="badge">${isGood ? 'ALL PASS' : 'ATTENTION'}</span>
<h1>${escapeHtml(headline)}</h1>
<p class="lead">${escapeHtml(state)}</p>
</section>`
}

function tiles({ totals, drills }: HistorySummary): string {
  const ratios = drills.flatMap(({ ratio }) => (ratio === null ? [] : [ratio]))
  const best = ratios.length === 0 ? '–' : `${Math.max(...ratios)}×`
  const slowest = drills
    .flatMap(({ withController }) => withController?.medianRtoMs ?? [])
    .reduce((most, ms) => Math.max(most, ms), 0)
  const rows: readonly (readonly [string, string, boolean])[] = [
    [String(totals.runs), 'runs', false],
    [totals.acknowledged.toLocaleString('en'), 'acknowledged writes', false],
    [String(totals.lost), 'lost', totals.lost > 0],
    [String(totals.duplicated), 'duplicated', totals.duplicated > 0],
    [String(totals.overlaps), 'acknowledged by two members', totals.overlaps > 0],
    [String(drills.length), 'kinds of failure rehearsed', false],
    [slowest === 0 ? '–' : milliseconds(slowest), 'slowest median with controllers', false],
    [best, 'largest gain over Patroni alone', false],
  ]
  return `<section class="tiles">${rows.map(([value, label, isBad]) => `<div class="tile"><div class="value${isBad ? ' bad' : ''}">${escapeHtml(value)}</div><div class="label">${escapeHtml(label)}</div></div>`).join('')}</section>`
}

function comparison(drills: readonly DrillSummary[]): string {
  if (drills.length === 0) return ''
  return `<section class="card"><h2>Longest time without an acknowledgement (RTO): bar to the median, mark at the maximum</h2>
<div class="legend"><span><i class="with"></i>with controllers</span><span><i class="without"></i>Patroni alone</span><span>right: how many times longer without</span></div>
${renderComparison(drills)}
</section>`
}

function table(drills: readonly DrillSummary[]): string {
  const rows = drills.map((drill) => {
    const { withController, withoutController, ratio, predictedRtoMs } = drill
    return `<tr><td><a href="#${anchorOf(drill)}">${escapeHtml(nameOf(drill))}</a></td><td class="number">${milliseconds(predictedRtoMs)}</td>${figures(withController)}${figures(withoutController)}<td class="number">${ratio === null ? '–' : `${ratio}×`}</td><td>${renderTrend(drill.runs)}</td></tr>`
  })
  return `<section class="card"><h2>Every drill</h2><div class="scroll"><table class="history">
<tr><th></th><th></th><th colspan="4" class="group">with controllers</th><th colspan="4" class="group">Patroni alone</th><th></th><th></th></tr>
<tr><th>drill</th><th class="number">predicted</th>${FIGURE_TITLES}${FIGURE_TITLES}<th class="number">ratio</th><th>trend</th></tr>
${rows.join('\n')}
</table></div></section>`
}

const FIGURE_TITLES = ['passed', 'median', 'max', 'lost']
  .map((title) => `<th class="number">${title}</th>`)
  .join('')

function figures(of: Figures | null): string {
  if (of === null) return '<td class="number">–</td>'.repeat(4)
  const isBad = of.passed < of.runs
  return [
    `<td class="number${isBad ? ' bad' : ''}">${of.passed}/${of.runs}</td>`,
    `<td class="number">${milliseconds(of.medianRtoMs)}</td>`,
    `<td class="number">${milliseconds(of.maxRtoMs)}</td>`,
    `<td class="number${of.lost > 0 ? ' bad' : ''}">${of.lost}</td>`,
  ].join('')
}

const anchorOf = (drill: DrillSummary): string => nameOf(drill).replaceAll(/[^a-z0-9]+/g, '-')

function runs(drill: DrillSummary): string {
  const rows = [...drill.runs].reverse().map(runRow)
  return `<details class="card" id="${anchorOf(drill)}"><summary><b>${escapeHtml(nameOf(drill))}</b> <span class="lead">${drill.runs.length} run${drill.runs.length === 1 ? '' : 's'}</span></summary>
<div class="scroll"><table><tr><th>when</th><th>commit</th><th>verdict</th><th class="number">RTO http</th><th class="number">RTO sql</th><th class="number">whole again</th><th class="number">lost</th><th class="number">errors</th><th>why</th></tr>
${rows.join('\n')}</table></div></details>`
}

function runRow(run: Run): string {
  const when = dateOf(run.startedAt)
  const link =
    run.reportFile === null ? when : `<a href="${escapeHtml(basename(run.reportFile))}">${when}</a>`
  const mode = run.withController ? '' : ' (Patroni alone)'
  return `<tr><td>${link}</td><td>${escapeHtml(run.commit)}</td><td class="${run.verdict === 'pass' ? 'held' : 'bad'}">${run.verdict}${mode}</td><td class="number">${milliseconds(run.rtoMs)}</td><td class="number">${milliseconds(run.sqlRtoMs)}</td><td class="number">${milliseconds(run.wholeAgainMs)}</td><td class="number">${run.lost}</td><td class="number">${run.clientErrors}</td><td class="why">${escapeHtml(run.reasons.join('; '))}</td></tr>`
}

const footer = (): string => `<footer>
<p>Medians and maxima of a drill are those of the newest commit that has runs of both kinds, or of the newest at all; the trend has every run. Runs that were refused are left out, and those that were interrupted do not count.</p>
<p>RTO is the longest time in which nothing was acknowledged, through the front door; where a drill counts new connections, theirs if it was longer. Patroni alone: both controllers were stopped for the run.</p>
</footer>`
