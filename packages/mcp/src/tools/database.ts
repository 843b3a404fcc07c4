/** SQL that a user or a model typed: read-only, one statement, bounded in time, rows and bytes. */
import { z } from 'zod'
import { boundRows } from './bound-rows.ts'
import { defineTool, READ_ONLY } from './tool.ts'

const MAX_ROWS = 200

const output = z.object({
  columns: z.array(z.string()),
  rows: z.array(z.array(z.string().nullable())).describe('Values as PostgreSQL prints them'),
  row_count: z.int().describe('Rows in this answer'),
  truncated: z.boolean().describe('There are more rows than this answer has'),
  shortened_values: z.int().describe('Values that were cut because they are long'),
  elapsed_ms: z.number(),
})

const cell = (value: string | null): string =>
  value === null ? 'NULL' : value.replaceAll('|', '\\|').replaceAll(/\r?\n/g, ' ')

const tableOf = (columns: readonly string[], rows: readonly (readonly (string | null)[])[]) =>
  [columns, columns.map(() => '---'), ...rows]
    .map((row) => `| ${row.map(cell).join(' | ')} |`)
    .join('\n')

export const runQuery = defineTool({
  name: 'run_query',
  title: 'Run a read-only query',
  description:
    'Runs one SQL statement (PostgreSQL 17, with pgvector) in a read-only transaction and returns its rows. ' +
    'Writes are refused, several statements in one call are refused, and it is stopped after a few seconds. ' +
    `At most ${MAX_ROWS} rows come back: when "truncated" is true, ask for the rest with ORDER BY, LIMIT and OFFSET, ` +
    'or aggregate in SQL.',
  input: z.strictObject({
    sql: z.string().trim().min(1).max(100_000).describe('One statement, without parameters'),
    limit: z.int().min(1).max(MAX_ROWS).default(100).describe('Most rows to return'),
  }),
  output,
  access: 'read',
  annotations: READ_ONLY,
  run: async ({ sql, limit }, { query }, signal) => {
    const answer = await query(sql, signal)
    const { rows, truncated, shortenedValues } = boundRows(answer.rows, limit)
    const isTruncated = truncated || answer.truncated
    const count = `${rows.length} ${rows.length === 1 ? 'row' : 'rows'}`
    const text = [
      isTruncated ? `${count} of more; use ORDER BY, LIMIT and OFFSET for the rest.` : `${count}.`,
      ...(shortenedValues === 0 ? [] : [`${shortenedValues} long values were cut.`]),
      ...(answer.columns.length === 0 ? [] : [tableOf(answer.columns, rows)]),
    ].join('\n')
    const data = {
      columns: [...answer.columns],
      rows: rows.map((row) => [...row]),
      row_count: rows.length,
      truncated: isTruncated,
      shortened_values: shortenedValues,
      elapsed_ms: answer.elapsedMs,
    }
    return { text, data }
  },
})
