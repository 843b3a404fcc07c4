/** The final read: what is really there of the writes that a run made, read from the primary. */
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import type { FoundWrites } from './analyse.ts'
import type { Rehearsal } from './build-result.ts'
import { countLedgerRows, countMessages } from './drill-database.ts'
import { sessionsOf } from './leftovers.ts'
import { contentOf } from './message-content.ts'
import { waitForPrimary } from './wait-for-primary.ts'

export interface ReadBackResult {
  /** Null where a path writes nothing. */
  readonly http: FoundWrites | null
  readonly sql: FoundWrites | null
}

export async function readBack(
  observe: () => Promise<ClusterStatus>,
  { run, rehearsal }: { readonly run: string; readonly rehearsal: Pick<Rehearsal, 'lines'> },
): Promise<ReadBackResult> {
  const primary = await waitForPrimary(observe)
  const { lines } = rehearsal
  const sessions = sessionsOf(lines)
  const hasSql = lines.some((line) => line.event === 'done' && line.path === 'sql')
  return {
    http:
      sessions.length === 0
        ? null
        : {
            counts: await countMessages(primary, sessions),
            keyOf: ({ seq }) => contentOf(run, seq),
          },
    sql: hasSql ? { counts: await countLedgerRows(primary, run), keyOf: ({ id }) => id } : null,
  }
}
