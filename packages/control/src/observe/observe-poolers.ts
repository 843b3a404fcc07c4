/** A pooler's admin console: pools summed per database, since PgBouncer keeps one per user and database. */
import type { DirectClient } from '@neuronha/runtime/postgres/direct-client.ts'
import type { PoolerDatabase } from './raw-observation.ts'

export interface PoolRow {
  readonly database: string
  readonly cl_active: string
  readonly cl_waiting: string
  readonly sv_active: string
  readonly sv_idle: string
  readonly sv_used: string
  readonly sv_tested: string
  readonly sv_login: string
  /** Seconds, and the microseconds beyond them. */
  readonly maxwait: string
  readonly maxwait_us: string
}

export interface DatabaseRow {
  readonly name: string
  readonly paused: string
}

const CONSOLE = 'pgbouncer'

export function sumPools(
  pools: readonly PoolRow[],
  databases: readonly DatabaseRow[],
): readonly PoolerDatabase[] {
  return databases
    .filter(({ name }) => name !== CONSOLE)
    .map(({ name, paused }) => {
      const own = pools.filter(({ database }) => database === name)
      const sum = (...columns: readonly (keyof PoolRow)[]): number =>
        own.reduce(
          (total, pool) => total + columns.reduce((part, column) => part + Number(pool[column]), 0),
          0,
        )
      return {
        name,
        clients: sum('cl_active', 'cl_waiting'),
        waiting: sum('cl_waiting'),
        servers: sum('sv_active', 'sv_idle', 'sv_used', 'sv_tested', 'sv_login'),
        maxWaitMs: Math.max(
          0,
          ...own.map(
            (pool) => Number(pool.maxwait) * 1000 + Math.round(Number(pool.maxwait_us) / 1000),
          ),
        ),
        paused: Number(paused) !== 0,
      }
    })
    .sort((left, right) => (left.name < right.name ? -1 : 1))
}

export async function observePooler(
  client: DirectClient,
  deadlineMs: number,
): Promise<readonly PoolerDatabase[]> {
  const databases = await client.query<DatabaseRow & Record<string, string>>(
    'SHOW DATABASES',
    deadlineMs,
  )
  const pools = await client.query<PoolRow & Record<string, string>>('SHOW POOLS', deadlineMs)
  return sumPools(pools, databases)
}
