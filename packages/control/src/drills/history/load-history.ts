/** Every result that was kept, in order of time. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { drillResult, type DrillResult } from '@neuronha/core/contracts/drill-result.ts'

/** `<time>-<drill>.json`, as save-result writes them; nothing else in the folder begins with a time. */
const RESULT_FILE = /^\d{4}-\d{2}-\d{2}T.*\.json$/

export interface History {
  readonly results: readonly DrillResult[]
  /** Files that this code cannot read. */
  readonly unreadable: readonly string[]
}

export async function loadHistory(drillsDir: string): Promise<History> {
  const names = await readdir(drillsDir).catch(() => [])
  const results: DrillResult[] = []
  const unreadable: string[] = []
  for (const name of names.filter((candidate) => RESULT_FILE.test(candidate)).sort()) {
    try {
      results.push(drillResult.parse(JSON.parse(await readFile(join(drillsDir, name), 'utf8'))))
    } catch {
      unreadable.push(name)
    }
  }
  return { results, unreadable }
}
