/** The port that queries are written against: text and values in, rows out. */
import assert from 'node:assert/strict'
import type { ClientBase, QueryResultRow } from 'pg'

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

/** A client as the port. Never names a statement: the next one may run on another server connection. */
export const sqlOver = (client: QueryClient): Sql => {
  const many = async <R extends object>(text: string, values: Values = []): Promise<readonly R[]> =>
    (await client.query<R & QueryResultRow>(text, [...values])).rows
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
    run: async (text, values = []) => (await client.query(text, [...values])).rowCount ?? 0,
  }
}
