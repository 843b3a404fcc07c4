/** Keeps a drill's result as JSON and as a report for people, side by side. */
import { join } from 'node:path'
import type { DrillResult } from '@neuronha/core/contracts/drill-result.ts'
import { writeAtomically } from '../state/state-folder.ts'
import { loadHistory } from './history/load-history.ts'
import { renderDrillReport } from './report/report-html.ts'

/** Writes `<time>-<drill>.json` and `.html` and returns the result with its report's path. */
export async function saveResult(
  drillsDir: string,
  startedAt: Date,
  result: DrillResult,
): Promise<DrillResult> {
  const stamp = startedAt
    .toISOString()
    .replaceAll(':', '')
    .replace(/\.\d+Z$/, 'Z')
  const words = [result.drill, result.variant, result.withController ? '' : 'without-controllers']
  const name = words
    .filter((word) => word !== '')
    .join('-')
    .replaceAll(' ', '-')
  const base = join(drillsDir, `${stamp}-${name}`)
  const kept: DrillResult = { ...result, reportFile: `${base}.html` }
  await writeAtomically(
    `${base}.html`,
    renderDrillReport(kept, await findOther(drillsDir, kept)),
    0o644,
  )
  await writeAtomically(`${base}.json`, `${JSON.stringify(kept, null, 2)}\n`, 0o644)
  return kept
}

/** The last run of the same drill, on the same code, in the other mode: with or without controllers. */
async function findOther(drillsDir: string, result: DrillResult): Promise<DrillResult | undefined> {
  const { results } = await loadHistory(drillsDir)
  return results.findLast(
    (other) =>
      other.drill === result.drill &&
      other.variant === result.variant &&
      other.commit === result.commit &&
      other.withController !== result.withController &&
      (other.verdict === 'pass' || other.verdict === 'fail'),
  )
}
