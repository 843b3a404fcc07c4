/** Keeps a drill's result as JSON and as a report for people, side by side. */
import { join } from 'node:path'
import type { DrillResult } from '@neuronha/core/contracts/drill-result.ts'
import { writeAtomically } from '../state/state-folder.ts'
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
  const base = join(drillsDir, `${stamp}-${result.drill}`)
  const kept: DrillResult = { ...result, reportFile: `${base}.html` }
  await writeAtomically(`${base}.html`, renderDrillReport(kept), 0o644)
  await writeAtomically(`${base}.json`, `${JSON.stringify(kept, null, 2)}\n`, 0o644)
  return kept
}
