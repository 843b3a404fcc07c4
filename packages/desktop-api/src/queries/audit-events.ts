/** The audit: who did what, when, from where, and how it ended. */
import type { Sql } from '@neuronha/runtime/postgres/sql.ts'

export interface AuditEvent {
  readonly id: string
  readonly accountId: string | null
  readonly email: string
  /** For example `sign-in`, or `agent.DELETE`. */
  readonly action: string
  readonly target: string
  readonly outcome: string
  readonly address: string
  readonly requestId: string
}

const INSERT_EVENT = `
  INSERT INTO neurondb_desktop.audit_events
    (id, account_id, email, action, target, outcome, client_address, request_id)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
  ON CONFLICT (id) DO NOTHING`

export const insertAuditEvent = async (sql: Sql, event: AuditEvent): Promise<void> => {
  const { id, accountId, email, action, target, outcome, address, requestId } = event
  await sql.run(INSERT_EVENT, [id, accountId, email, action, target, outcome, address, requestId])
}

export const setAuditOutcome = (sql: Sql, id: string, outcome: string): Promise<number> =>
  sql.run('UPDATE neurondb_desktop.audit_events SET outcome = $2 WHERE id = $1', [id, outcome])
