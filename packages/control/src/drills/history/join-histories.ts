/** What commands kept in this machine's files, and what is in the database: each run once, in order of time. Pure. */
import type { DrillResult } from '@neuronha/core/contracts/drill-result.ts'

const keyOf = ({ startedAt, drill }: DrillResult): string =>
  `${new Date(startedAt).toISOString()} ${drill}`

/** Of a run that is in both, the file's is taken: it knows where its report is. */
export function joinHistories(
  files: readonly DrillResult[],
  database: readonly DrillResult[],
): readonly DrillResult[] {
  const all = new Map([...database, ...files].map((result) => [keyOf(result), result]))
  return [...all.values()].sort((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1))
}
