/** The report's section that holds the measured RTO against the model's sum of terms. */
import type { DrillResult } from '@neuronha/core/contracts/drill-result.ts'
import { comparePrediction } from '@neuronha/core/predict/predict-rto.ts'
import { milliseconds } from '../format-result.ts'
import { escapeHtml } from './html.ts'

const row = (name: string, typicalMs: number | null, worstMs: number | null): string =>
  `<tr><td>${escapeHtml(name)}</td><td class="number">${milliseconds(typicalMs)}</td><td class="number">${worstMs === null ? '' : milliseconds(worstMs)}</td></tr>`

export function predictionSection({ predicted, rtoMs }: DrillResult): string {
  if (predicted === null || rtoMs === null) return ''
  const terms = predicted.terms.map(({ name, typicalMs, worstMs }) => row(name, typicalMs, worstMs))
  return `<section class="card"><h2>Measured RTO is ${escapeHtml(comparePrediction(predicted, rtoMs))}</h2>
<table><thead><tr><th>what takes the time</th><th class="number">typical</th><th class="number">at most</th></tr></thead>
<tbody>${terms.join('')}${row('predicted in all', predicted.typicalMs, predicted.worstMs)}${row('measured', rtoMs, null)}</tbody></table></section>`
}
