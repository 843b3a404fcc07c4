/**
 * The ledger that restore tests compare with, as the active controller writes it, and the mark that a restore test begins
 * with (render/recovery-ledger has both in SQL).
 */
import { randomUUID } from 'node:crypto'
import { restoreTestRequest, type RestoreTestRequest } from '@neuronha/core/contracts/backups.ts'
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import { quoteLiteral } from '@neuronha/core/render/sql.ts'
import type { Logger } from '@neuronha/runtime/logger.ts'
import { Turns } from '@neuronha/runtime/turns.ts'
import {
  createMemberLocator,
  type LocatedMember,
  type LocatorOptions,
} from '../events/locate-members.ts'

/** @param by `schedule`, or user@machine. */
export type MarkRestoreTest = (by: string) => Promise<RestoreTestRequest>

const WRITE_EVERY_MS = 10_000
const WRITE_DEADLINE_MS = 5000
/** The chosen tables are locked for two seconds each at most, and read. */
const MARK_DEADLINE_MS = 60_000

const mark = restoreTestRequest.pick({ ledger: true, tables: true })

type Access = Pick<LocatorOptions, 'members' | 'login' | 'tls'>

async function onPrimary<T>(
  access: Access,
  act: (client: LocatedMember['client']) => Promise<T>,
): Promise<T> {
  const locator = createMemberLocator(access)
  try {
    const [best] = await locator.locate()
    if (best?.isPrimary !== true)
      throw new PlatformError('DATABASE_UNAVAILABLE', 'no member is primary')
    return await act(best.client)
  } finally {
    await locator.close()
  }
}

/** Remembers how the chosen tables and the ledger are now, and sets a restore point there. */
export const createMarkRestoreTest =
  (access: Access, tables: readonly string[]): MarkRestoreTest =>
  (by) =>
    onPrimary(access, async (client) => {
      const id = randomUUID()
      const target = `neuronha-${id}`
      const list = tables.map(quoteLiteral).join(', ')
      const [row] = await client
        .query<{ mark: unknown }>(
          `SELECT neuronha.mark_restore_test(ARRAY[${list}]::text[]) AS mark`,
          MARK_DEADLINE_MS,
        )
        .catch((thrown: unknown) => {
          const { message } = toPlatformError(thrown)
          throw new PlatformError('BACKUP_FAILED', `a chosen table cannot be read: ${message}`, {
            hint: 'backup.restoreTest.tables names tables of the platform’s database as schema.table.',
          })
        })
      await client.query(
        `SELECT neuronha.set_restore_point(${quoteLiteral(target)})`,
        WRITE_DEADLINE_MS,
      )
      const requestedAt = new Date().toISOString()
      return { id, by, requestedAt, target, ...mark.parse(row?.mark) }
    })

export interface LedgerWriterOptions extends Access {
  readonly isActive: () => boolean
  /** Nothing is written meanwhile. */
  readonly isBusy: () => boolean
  readonly logger: Pick<Logger, 'warn'>
}

export interface LedgerWriter {
  start(): void
  close(): Promise<void>
}

export function createLedgerWriter({
  isActive,
  isBusy,
  logger,
  ...access
}: LedgerWriterOptions): LedgerWriter {
  const locator = createMemberLocator(access)
  const turns = new Turns({
    everyMs: WRITE_EVERY_MS,
    what: 'the ledger of restore tests is not written',
    logger,
    turn: async () => {
      if (!isActive() || isBusy()) return
      const [best] = await locator.locate()
      if (best?.isPrimary !== true) return
      await best.client.query('SELECT neuronha.write_ledger()', WRITE_DEADLINE_MS)
    },
  })
  return {
    start: () => turns.start(),
    close: async () => {
      await turns.close()
      await locator.close()
    },
  }
}
