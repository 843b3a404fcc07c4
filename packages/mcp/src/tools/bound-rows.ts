/** Keeps an answer small enough for a client that has to read all of it. */

type Row = readonly (string | null)[]

/** Longest value, in characters. */
export const MAX_VALUE_LENGTH = 4000
/** All values of an answer together, in characters. */
export const MAX_ANSWER_LENGTH = 200_000

export interface BoundedRows {
  readonly rows: readonly Row[]
  /** Rows were left out, by count or by size. */
  readonly truncated: boolean
  readonly shortenedValues: number
}

const lengthOf = (row: Row): number => row.reduce((sum, value) => sum + (value?.length ?? 4) + 4, 4)

/** The first rows that fit, at most `limit`; long values end in an ellipsis. The first row always fits. */
export const boundRows = (rows: readonly Row[], limit: number): BoundedRows => {
  const kept: Row[] = []
  let shortenedValues = 0
  let length = 0
  for (const row of rows.slice(0, limit)) {
    let shortened = 0
    const bounded = row.map((value) => {
      if (value === null || value.length <= MAX_VALUE_LENGTH) return value
      shortened += 1
      return `${value.slice(0, MAX_VALUE_LENGTH)}…`
    })
    length += lengthOf(bounded)
    if (length > MAX_ANSWER_LENGTH && kept.length > 0) break
    shortenedValues += shortened
    kept.push(bounded)
  }
  return { rows: kept, truncated: kept.length < rows.length, shortenedValues }
}
