/** Keeps a claim on an idempotency record while a model is asked, and stops the work when it is lost. */
import {
  requestInFlight,
  type IdempotencyRecords,
  type IdempotentRequest,
} from '@neuronha/runtime/idempotency.ts'
import type { Logger } from '@neuronha/runtime/logger.ts'
import type { Database } from '@neuronha/runtime/postgres/database.ts'

/** How long a replica is presumed alive after its last sign. */
export const LEASE_MS = 6000
const RENEW_MS = 2000

export interface LeaseDeps {
  readonly database: Database
  readonly records: IdempotencyRecords
  readonly logger: Logger
}

export interface Lease {
  /** Aborts when another try has taken the record over. */
  readonly signal: AbortSignal
  stop(): void
  /** Lets a retry begin at once. Never throws. */
  abandon(): Promise<void>
}

export const keepLease = (
  { database, records, logger }: LeaseDeps,
  request: IdempotentRequest,
): Lease => {
  const controller = new AbortController()
  const renew = async (): Promise<void> => {
    const { value: isOurs } = await database.write((sql) => records.renew(sql, request, LEASE_MS), {
      deadlineMs: LEASE_MS,
    })
    if (!isOurs) controller.abort(requestInFlight())
  }
  // Not renewed in time is no reason to stop: the check at the end decides who may store an answer.
  const timer = setInterval(() => {
    renew().catch((thrown: unknown) => logger.debug({ err: thrown }, 'lease not renewed'))
  }, RENEW_MS)
  return {
    signal: controller.signal,
    stop: () => clearInterval(timer),
    abandon: async () => {
      await database
        .write((sql) => records.abandon(sql, request), { deadlineMs: LEASE_MS })
        .catch((thrown: unknown) => logger.debug({ err: thrown }, 'lease not given up'))
    },
  }
}
