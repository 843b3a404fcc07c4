/** Sessions: who is signed in. */
import type { Account } from '@neuronha/core/contracts/desktop.ts'
import type { Sql } from '@neuronha/runtime/postgres/sql.ts'

export interface SessionRow extends Account {
  readonly expires_at: Date
}

const FIND_SESSION = `
  SELECT a.id, a.email, a.role, s.expires_at
  FROM neurondb_desktop.sessions s
  JOIN neurondb_desktop.accounts a ON a.id = s.account_id
  WHERE s.token_hash = $1 AND s.expires_at > now()`

export const findSession = (sql: Sql, tokenHash: Buffer): Promise<SessionRow | undefined> =>
  sql.maybeOne<SessionRow>(FIND_SESSION, [tokenHash])

export interface NewSession {
  readonly tokenHash: Buffer
  readonly accountId: string
  readonly expiresAt: Date
  readonly address: string
  readonly userAgent: string
}

/** The same token again, after an unknown outcome, is the same session. */
const INSERT_SESSION = `
  INSERT INTO neurondb_desktop.sessions (token_hash, account_id, expires_at, client_address, user_agent)
  VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (token_hash) DO NOTHING`

export const insertSession = async (sql: Sql, session: NewSession): Promise<void> => {
  const { tokenHash, accountId, expiresAt, address, userAgent } = session
  await sql.run(INSERT_SESSION, [tokenHash, accountId, expiresAt, address, userAgent])
}

export const deleteSession = (sql: Sql, tokenHash: Buffer): Promise<number> =>
  sql.run('DELETE FROM neurondb_desktop.sessions WHERE token_hash = $1', [tokenHash])

/** A few at a time, by whoever signs in: the table stays small without a job that one replica would have to own. */
const DELETE_EXPIRED = `
  DELETE FROM neurondb_desktop.sessions
  WHERE token_hash IN (
    SELECT token_hash FROM neurondb_desktop.sessions
    WHERE expires_at <= now() ORDER BY expires_at LIMIT 100 FOR UPDATE SKIP LOCKED)`

export const deleteExpiredSessions = (sql: Sql): Promise<number> => sql.run(DELETE_EXPIRED)
