/**
 * Closes holes in the archive: segments that waited on a primary that is gone are archived by the one that took over, as long as
 * it still has them. Each look at the repositories is answered once; the next one says what is still missing.
 */
import { coordinationKeys } from '@neuronha/core/contracts/coordination.ts'
import { quoteLiteral } from '@neuronha/core/render/sql.ts'
import { parseBackupState } from '../coordination/backup-records.ts'
import type { Kv } from '../etcd/kv.ts'
import type { EventLog } from '../events/event-log.ts'
import type { Logger } from '@neuronha/runtime/logger.ts'
import { createMemberLocator, type LocatorOptions } from '../events/locate-members.ts'
import { Turns } from '@neuronha/runtime/turns.ts'
import { missingSegments } from './archive-gaps.ts'

export interface ArchiveAgainOptions extends Pick<LocatorOptions, 'members' | 'login' | 'tls'> {
  readonly kv: Pick<Kv, 'get'>
  readonly cluster: string
  readonly isActive: () => boolean
  /** A primary is being replaced. */
  readonly isBusy: () => boolean
  /** Something will be archived again within seconds. */
  readonly onFound: () => void
  readonly events: Pick<EventLog, 'record'>
  readonly logger: Pick<Logger, 'warn'>
}

const LOOK_EVERY_MS = 15_000
const DEADLINE_MS = 5000

export function createArchiveAgain(options: ArchiveAgainOptions): {
  start(): void
  close(): Promise<void>
} {
  const { kv, cluster, isActive, isBusy, onFound, events, logger, ...access } = options
  const locator = createMemberLocator(access)
  let answered = ''
  const turn = async (): Promise<void> => {
    if (!isActive() || isBusy()) return
    const state = parseBackupState((await kv.get(coordinationKeys(cluster).backupState))?.value)
    if (state === undefined || state.looked_at === answered) return
    const missing = state.repositories.filter(({ ok }) => ok).flatMap(({ gaps }) => gaps)
    const names = [...new Set(missing.flatMap(missingSegments))]
    if (names.length > 0) {
      const [best] = await locator.locate()
      if (best?.isPrimary !== true) return
      const rows = await best.client.query<{ segment: string }>(
        `SELECT neuronha.archive_again(ARRAY[${names.map(quoteLiteral).join(', ')}]) AS segment`,
        DEADLINE_MS,
      )
      const found = rows.map(({ segment }) => segment)
      if (found.length > 0) {
        record(found, best.name)
        onFound()
      }
    }
    answered = state.looked_at
  }
  const record = (segments: readonly string[], member: string): void =>
    events.record({
      kind: 'backup.archived-again',
      severity: 'info',
      summary: `${member} archives ${segments.length} WAL segment${segments.length === 1 ? '' : 's'} that the archive lacks: ${segments[0] ?? ''}${segments.length > 1 ? ' …' : ''}`,
      target: member,
      evidence: { segments: [...segments] },
    })
  const turns = new Turns({
    everyMs: LOOK_EVERY_MS,
    what: 'what the archive lacks is not archived again',
    logger,
    turn,
  })
  return {
    start: () => turns.start(),
    close: async () => {
      await turns.close()
      await locator.close()
    },
  }
}
