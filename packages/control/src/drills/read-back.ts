/** The final read: what is really there of the writes that a run made, read from a primary. */
import type { LedgerLine } from '@neuronha/core/config/loadgen.ts'
import type { FoundWrites } from './analyse.ts'
import type { FoundByPath } from './build-result.ts'
import type { DrillDatabase } from './drill-database.ts'
import type { DrillDeps } from './drill-deps.ts'
import { sessionsOf } from './leftovers.ts'
import { contentOf } from './message-content.ts'
import { waitForPrimary } from './wait-for-primary.ts'

export async function readBack(
  { observe, database }: Pick<DrillDeps, 'observe' | 'database'>,
  { run, lines }: { readonly run: string; readonly lines: readonly LedgerLine[] },
): Promise<FoundByPath> {
  await waitForPrimary(observe)
  return findInDatabase(database, { run, lines })
}

/** Of whichever cluster the database is. */
export async function findInDatabase(
  database: Pick<DrillDatabase, 'countLedgerRows' | 'countMessages'>,
  { run, lines }: { readonly run: string; readonly lines: readonly LedgerLine[] },
): Promise<FoundByPath> {
  const sessions = sessionsOf(lines)
  const hasPath = (path: 'sql' | 'connect'): boolean =>
    lines.some((line) => line.event === 'done' && line.path === path)
  const rows: FoundWrites | null =
    hasPath('sql') || hasPath('connect')
      ? { counts: await database.countLedgerRows(run), keyOf: ({ id }) => id }
      : null
  return {
    http:
      sessions.length === 0
        ? null
        : {
            counts: await database.countMessages(sessions),
            keyOf: ({ seq }) => contentOf(run, seq),
          },
    sql: hasPath('sql') ? rows : null,
    connect: hasPath('connect') ? rows : null,
  }
}
