import type { AgentConfig } from '@neuronha/core/config/processes.ts'
import { apiKeyPrefix, hashApiKey } from '@neuronha/runtime/api-keys.ts'
import { newId } from '@neuronha/runtime/clock.ts'
import type { Sql } from '@neuronha/runtime/postgres/sql.ts'
import { SCHEMA } from '../config.ts'

export type KeyRole = 'admin' | 'user' | 'read-only'

export interface KeyRow {
  readonly id: string
  readonly organisation: string
  readonly role: KeyRole
  readonly expires_at: Date | null
}

/** A key that is neither revoked nor expired. */
const FIND_KEY = `
  SELECT id, organisation, role, expires_at FROM ${SCHEMA}.api_keys
  WHERE hash = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`

export const findKey = (sql: Sql, hash: Buffer): Promise<KeyRow | undefined> =>
  sql.maybeOne<KeyRow>(FIND_KEY, [hash])

const ADD_KEY = `
  INSERT INTO ${SCHEMA}.api_keys (id, organisation, name, role, prefix, hash)
  VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (hash) DO NOTHING`

type InitialKeys = AgentConfig['initialKeys']

/** Stores the keys that a cluster begins with, where they are absent. */
export const addInitialKeys = async (
  sql: Sql,
  organisation: string,
  keys: InitialKeys,
): Promise<void> => {
  for (const { name, role, key } of keys) {
    await sql.run(ADD_KEY, [newId(), organisation, name, role, apiKeyPrefix(key), hashApiKey(key)])
  }
}
