import type { Agent, AgentInput } from '@neuronha/core/contracts/agent.ts'
import type { Sql } from '@neuronha/runtime/postgres/sql.ts'
import { SCHEMA } from '../config.ts'

interface AgentRow extends Omit<Agent, 'created_at' | 'updated_at'> {
  readonly created_at: Date
  readonly updated_at: Date
}

const COLUMNS = `id, name, description, system_prompt, model_name, enabled_tools, config, version,
  created_at, updated_at`

const toAgent = (row: AgentRow): Agent => ({
  ...row,
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
})

const INSERT = `
  INSERT INTO ${SCHEMA}.agents (id, organisation, name, description, system_prompt, model_name, enabled_tools, config)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING ${COLUMNS}`

const changeable = (input: AgentInput): readonly unknown[] => [
  input.name,
  input.description,
  input.system_prompt,
  input.model_name,
  input.enabled_tools,
  JSON.stringify(input.config),
]

export const insertAgent = async (
  sql: Sql,
  organisation: string,
  id: string,
  input: AgentInput,
): Promise<Agent> =>
  toAgent(await sql.one<AgentRow>(INSERT, [id, organisation, ...changeable(input)]))

const FIND = `SELECT ${COLUMNS} FROM ${SCHEMA}.agents WHERE organisation = $1 AND id = $2`

export const findAgent = async (
  sql: Sql,
  organisation: string,
  id: string,
): Promise<Agent | undefined> => {
  const row = await sql.maybeOne<AgentRow>(FIND, [organisation, id])
  return row && toAgent(row)
}

/** The version of a row that is about to change, locked. */
export const lockAgentVersion = async (
  sql: Sql,
  organisation: string,
  id: string,
): Promise<number | undefined> => {
  const row = await sql.maybeOne<{ version: number }>(
    `SELECT version FROM ${SCHEMA}.agents WHERE organisation = $1 AND id = $2 FOR UPDATE`,
    [organisation, id],
  )
  return row?.version
}

const UPDATE = `
  UPDATE ${SCHEMA}.agents SET name = $3, description = $4, system_prompt = $5, model_name = $6,
    enabled_tools = $7, config = $8, version = version + 1, updated_at = now()
  WHERE organisation = $1 AND id = $2 RETURNING ${COLUMNS}`

export const updateAgent = async (
  sql: Sql,
  organisation: string,
  id: string,
  input: AgentInput,
): Promise<Agent> =>
  toAgent(await sql.one<AgentRow>(UPDATE, [organisation, id, ...changeable(input)]))

/** With its sessions and their messages. */
export const deleteAgent = (sql: Sql, organisation: string, id: string): Promise<number> =>
  sql.run(`DELETE FROM ${SCHEMA}.agents WHERE organisation = $1 AND id = $2`, [organisation, id])

const LIST = `
  SELECT ${COLUMNS} FROM ${SCHEMA}.agents
  WHERE organisation = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3`

/** Newest first, from after `beforeId`. */
export const listAgents = async (
  sql: Sql,
  organisation: string,
  beforeId: string | null,
  limit: number,
): Promise<readonly Agent[]> =>
  (await sql.many<AgentRow>(LIST, [organisation, beforeId, limit])).map(toAgent)
