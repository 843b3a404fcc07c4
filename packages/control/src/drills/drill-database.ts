/**
 * What a drill does in the database, as the role of drills through the poolers: reads back from the primary what is
 * really there, deletes what the run wrote, keeps results.
 */
import type { PoolerAccess } from '@neuronha/core/config/common.ts'
import { drillResult, type DrillResult } from '@neuronha/core/contracts/drill-result.ts'
import { KEPT_RESULTS } from '@neuronha/core/render/drill-records.ts'
import { SCHEMAS } from '@neuronha/core/topology/roles.ts'
import { createSilentLogger } from '@neuronha/runtime/logger.ts'
import { createMetrics } from '@neuronha/runtime/metrics.ts'
import { createDatabase } from '@neuronha/runtime/postgres/database.ts'
import type { Sql } from '@neuronha/runtime/postgres/sql.ts'
import type { TlsFiles } from '@neuronha/runtime/tls.ts'

export interface DrillDatabase {
  /** How many rows each id of a run has. */
  readonly countLedgerRows: (run: string) => Promise<ReadonlyMap<string, number>>
  /** How many user messages each content has, in the sessions of a run. */
  readonly countMessages: (sessions: readonly string[]) => Promise<ReadonlyMap<string, number>>
  /** Deletes what a run wrote on every path, and the noise beside it, whose marks begin with the run's. */
  readonly deleteLeftovers: (run: string, sessions: readonly string[]) => Promise<void>
  readonly keepResult: (result: DrillResult) => Promise<void>
  /** The newest that this code can read, oldest first. */
  readonly results: () => Promise<readonly DrillResult[]>
  readonly close: () => Promise<void>
}

/** Drills end in a cluster that is still busy with what they did. */
const DEADLINE_MS = 60_000

interface Count {
  readonly key: string
  readonly copies: string
}

const toMap = (counts: readonly Count[]): ReadonlyMap<string, number> =>
  new Map(counts.map(({ key, copies }) => [key, Number(copies)]))

/** Opens no connection until it is used. */
export function createDrillDatabase(
  access: PoolerAccess,
  tls: TlsFiles,
  replica: string,
): DrillDatabase {
  const database = createDatabase({
    access: { ...access, poolSize: 1 },
    tls,
    replica,
    logger: createSilentLogger(),
    metrics: createMetrics({ prefix: 'neuronha_drill_', replica, processMetrics: false }),
  })
  /** On the primary, reads too: what a standby shows is not the last word. */
  const onPrimary = async <T>(work: (sql: Sql) => Promise<T>): Promise<T> =>
    (await database.write(work, { deadlineMs: DEADLINE_MS })).value
  return {
    countLedgerRows: async (run) =>
      toMap(
        await onPrimary((sql) =>
          sql.many<Count>(
            `select id::text as key, count(*) as copies from ${SCHEMAS.drill}.ledger where run = $1 group by id`,
            [run],
          ),
        ),
      ),
    countMessages: async (sessions) =>
      toMap(
        await onPrimary((sql) =>
          sql.many<Count>(
            'select content as key, copies from neuronha.count_drill_messages($1::uuid[])',
            [sessions],
          ),
        ),
      ),
    deleteLeftovers: async (run, sessions) => {
      await onPrimary((sql) =>
        sql.run('select neuronha.forget_drill($1, $2::uuid[])', [run, sessions]),
      )
    },
    keepResult: async (result) => {
      await onPrimary(async (sql) => {
        await sql.run(
          `insert into neuronha.drills (started_at, drill, result) values ($1, $2, $3)
           on conflict (started_at, drill) do update set result = excluded.result`,
          [result.startedAt, result.drill, JSON.stringify(result)],
        )
        await sql.run(
          `delete from neuronha.drills where started_at <
           (select started_at from neuronha.drills order by started_at desc offset $1 limit 1)`,
          [KEPT_RESULTS - 1],
        )
      })
    },
    results: async () => {
      const { value } = await database.read((sql) =>
        sql.many<{ readonly result: unknown }>(
          'select result from neuronha.drills order by started_at, drill',
        ),
      )
      return value.flatMap(({ result }) => {
        const parsed = drillResult.safeParse(result)
        return parsed.success ? [parsed.data] : []
      })
    },
    close: () => database.close(),
  }
}
