/** One direct connection, for what does not belong in a pool: migrations, a member's or a pooler's own state. */
import { Client, type QueryResultRow } from 'pg'
import { clientConfig, type ConnectionOptions } from './endpoint.ts'
import { sqlOver, type Sql } from './sql.ts'
import { toDatabaseError } from './sqlstate.ts'

export interface PostgresConnection extends Sql {
  /** A statement without values, by the simple protocol: PgBouncer's admin console knows no other. */
  simple<R extends object>(text: string): Promise<readonly R[]>
  isOpen(): boolean
  close(): Promise<void>
}

/** Opens one connection; throws DATABASE_UNAVAILABLE when there is no login in time. */
export const connectPostgres = async (options: ConnectionOptions): Promise<PostgresConnection> => {
  const client = new Client(clientConfig(options))
  let open = true
  client.on('error', () => {
    open = false
  })
  client.on('end', () => {
    open = false
  })
  try {
    await client.connect()
  } catch (thrown) {
    open = false
    throw toDatabaseError(thrown)
  }
  return {
    ...sqlOver(client),
    simple: async <R extends object>(text: string) =>
      (await client.query<R & QueryResultRow>(text)).rows,
    isOpen: () => open,
    close: async () => {
      open = false
      await client.end().catch(() => undefined)
    },
  }
}
