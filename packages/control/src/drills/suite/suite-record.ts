/**
 * How far a run of all drills has come, kept beside the results: one that was interrupted goes on where it stopped,
 * as long as it is the same code and the same choice.
 */
import { join } from 'node:path'
import { drillResult, type DrillResult } from '@neuronha/core/contracts/drill-result.ts'
import { z } from 'zod'
import { readTextIfThere, writeAtomically } from '../../state/state-folder.ts'

const suiteRecord = z.object({
  commit: z.string(),
  startedAt: z.string(),
  /** What was to be run. */
  keys: z.array(z.string()),
  /** What was carried through, with its result. */
  done: z.array(z.object({ key: z.string(), result: drillResult })),
})
export type SuiteRecord = z.infer<typeof suiteRecord>

const fileOf = (drillsDir: string): string => join(drillsDir, 'suite.json')

/** The record, or undefined when there is none that this code can read. */
export async function loadSuite(drillsDir: string): Promise<SuiteRecord | undefined> {
  const text = await readTextIfThere(fileOf(drillsDir))
  if (text === undefined) return undefined
  try {
    return suiteRecord.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

export const saveSuite = (drillsDir: string, record: SuiteRecord): Promise<void> =>
  writeAtomically(fileOf(drillsDir), `${JSON.stringify(record)}\n`, 0o600)

/** Was it carried through, whatever the verdict? What was refused or interrupted is to be run again. */
export const isCarriedThrough = ({ verdict }: Pick<DrillResult, 'verdict'>): boolean =>
  verdict === 'pass' || verdict === 'fail'

/** The record to go on with: the last one, unless it is complete, of other code, or of another choice. Pure. */
export function resumeSuite(
  last: SuiteRecord | undefined,
  wanted: Pick<SuiteRecord, 'commit' | 'keys' | 'startedAt'>,
): SuiteRecord {
  const isSame =
    last !== undefined &&
    last.commit === wanted.commit &&
    last.keys.length === wanted.keys.length &&
    last.keys.every((key, index) => key === wanted.keys[index])
  if (isSame && last.done.length < last.keys.length) return last
  return { ...wanted, keys: [...wanted.keys], done: [] }
}
