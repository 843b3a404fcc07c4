import type { Session } from '@neuronha/core/contracts/agent.ts'
import type { Sql } from '@neuronha/runtime/postgres/sql.ts'
import { SCHEMA } from '../config.ts'

interface SessionRow extends Omit<Session, 'created_at' | 'updated_at'> {
  readonly created_at: Date
  readonly updated_at: Date
}

const COLUMNS = 'id, agent_id, title, metadata, created_at, updated_at'

const toSession = (row: SessionRow): Session => ({
  ...row,
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
})

export interface NewSession {
  readonly agent_id: string
  readonly title: string
  readonly metadata: Readonly<Record<string, unknown>>
}

/** Only for an agent of the same organisation. */
const INSERT = `
  INSERT INTO ${SCHEMA}.sessions (id, organisation, agent_id, title, metadata)
  SELECT $1, organisation, id, $4, $5 FROM ${SCHEMA}.agents WHERE organisation = $2 AND id = $3
  RETURNING ${COLUMNS}`

/** Undefined when there is no such agent. */
export const insertSession = async (
  sql: Sql,
  organisation: string,
  id: string,
  input: NewSession,
): Promise<Session | undefined> => {
  const values = [id, organisation, input.agent_id, input.title, JSON.stringify(input.metadata)]
  const row = await sql.maybeOne<SessionRow>(INSERT, values)
  return row && toSession(row)
}

const FIND = `SELECT ${COLUMNS} FROM ${SCHEMA}.sessions WHERE organisation = $1 AND id = $2`

export const findSession = async (
  sql: Sql,
  organisation: string,
  id: string,
): Promise<Session | undefined> => {
  const row = await sql.maybeOne<SessionRow>(FIND, [organisation, id])
  return row && toSession(row)
}

/** With its messages. */
export const deleteSession = (sql: Sql, organisation: string, id: string): Promise<number> =>
  sql.run(`DELETE FROM ${SCHEMA}.sessions WHERE organisation = $1 AND id = $2`, [organisation, id])

const LIST = `
  SELECT ${COLUMNS} FROM ${SCHEMA}.sessions
  WHERE organisation = $1 AND agent_id = $2 AND ($3::uuid IS NULL OR id < $3)
  ORDER BY id DESC LIMIT $4`

export interface SessionListOptions {
  readonly agentId: string
  readonly beforeId: string | null
  readonly limit: number
}

/** Newest first. */
export const listSessions = async (
  sql: Sql,
  organisation: string,
  { agentId, beforeId, limit }: SessionListOptions,
): Promise<readonly Session[]> =>
  (await sql.many<SessionRow>(LIST, [organisation, agentId, beforeId, limit])).map(toSession)
