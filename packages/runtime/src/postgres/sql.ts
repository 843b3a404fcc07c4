/** The port that queries are written against: text and values in, rows out. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { ClientBase, QueryResult, QueryResultRow } from 'pg'

type Values = readonly unknown[]

export interface Sql {
  many<R extends object>(text: string, values?: Values): Promise<readonly R[]>
  maybeOne<R extends object>(text: string, values?: Values): Promise<R | undefined>
  /** Exactly one row; anything else is a defect. */
  one<R extends object>(text: string, values?: Values): Promise<R>
  /** The number of rows that were changed. */
  run(text: string, values?: Values): Promise<number>
}

/** The part of a `pg` client that is used. */
export type QueryClient = Pick<ClientBase, 'query'>

/** One name per text for ever. There are as many texts as queries in the code: values never become text. */
const names = new Map<string, string>()
const nameOf = (text: string): string => {
  const known = names.get(text)
  if (known !== undefined) return known
  const name = createHash('sha256').update(text).digest('base64url').slice(0, 20)
  names.set(text, name)
  return name
}

/**
 * A client as the port. Statements are prepared under a name, so that PostgreSQL parses and plans each once per server connection;
 * PgBouncer knows the names and prepares them again wherever the next transaction runs (max_prepared_statements).
 */
export const sqlOver = (client: QueryClient): Sql => {
  const query = <R extends QueryResultRow>(text: string, values: Values): Promise<QueryResult<R>> =>
    client.query<R>({ name: nameOf(text), text, values: [...values] })
  const many = async <R extends object>(text: string, values: Values = []): Promise<readonly R[]> =>
    (await query<R & QueryResultRow>(text, values)).rows
  const maybeOne = async <R extends object>(
    text: string,
    values: Values = [],
  ): Promise<R | undefined> => {
    const rows = await many<R>(text, values)
    assert(rows.length <= 1, 'a query for one row gave several')
    return rows[0]
  }
  return {
    many,
    maybeOne,
    one: async <R extends object>(text: string, values: Values = []) => {
      const row = await maybeOne<R>(text, values)
      assert(row !== undefined, 'a query for one row gave none')
      return row
    },
    run: async (text, values = []) => (await query(text, values)).rowCount ?? 0,
  }
}
