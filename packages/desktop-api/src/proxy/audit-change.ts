/** Writes down a change before it is passed on, and afterwards how it ended: no change without its record. */
import type { Logger } from '@neuronha/runtime/logger.ts'
import { newId } from '@neuronha/runtime/clock.ts'
import type { Database } from '@neuronha/runtime/postgres/database.ts'
import type { ClientOrigin } from '../auth/client.ts'
import { repeatUnknown } from '../auth/repeat-unknown.ts'
import type { Session } from '../auth/sessions.ts'
import { insertAuditEvent, setAuditOutcome } from '../queries/audit-events.ts'

export interface Change {
  readonly session: Session
  readonly client: ClientOrigin
  readonly action: string
  readonly target: string
}

export interface AuditedChange {
  /** Never throws: the change has happened, whether or not its outcome can be noted. */
  ended(outcome: string): Promise<void>
}

export const auditChange = async (
  database: Database,
  logger: Logger,
  { session, client, action, target }: Change,
): Promise<AuditedChange> => {
  const id = newId()
  const { address, requestId } = client
  const { id: accountId, email } = session.account
  const event = { id, accountId, email, action, target, outcome: 'begun', address, requestId }
  await repeatUnknown(() => database.write((sql) => insertAuditEvent(sql, event)))
  return {
    ended: async (outcome) => {
      try {
        await database.write((sql) => setAuditOutcome(sql, id, outcome))
      } catch (thrown) {
        logger.warn({ err: thrown, action, outcome }, 'the outcome of a change was not noted')
      }
    },
  }
}
