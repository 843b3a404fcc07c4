/** What is measured about a service's use of its database. */
import { CircuitState } from 'cockatiel'
import type { Metrics } from '../metrics.ts'
import type { PoolerPool } from './pooler-pool.ts'
import type { ReplayPosition } from './transaction.ts'

type PoolsByDatabase = Readonly<Record<'write' | 'read', readonly PoolerPool[]>>

const BREAKER_VALUE: Readonly<Record<CircuitState, number>> = {
  [CircuitState.Closed]: 0,
  [CircuitState.HalfOpen]: 1,
  [CircuitState.Open]: 2,
  [CircuitState.Isolated]: 3,
}

const forEachPool = (
  pools: PoolsByDatabase,
  visit: (labels: { pooler: string; database: string }, pool: PoolerPool) => void,
): void => {
  for (const [database, ofDatabase] of Object.entries(pools)) {
    for (const pool of ofDatabase) visit({ pooler: pool.endpoint.name, database }, pool)
  }
}

export const createDatabaseMetrics = (metrics: Metrics, pools: PoolsByDatabase) => {
  metrics.gauge(
    'db_pool_connections',
    'Connections to a pooler by state; waiting counts callers without one',
    ['pooler', 'database', 'state'],
    (gauge) =>
      forEachPool(pools, (labels, { connections, slots }) => {
        gauge.set({ ...labels, state: 'busy' }, connections.busy)
        gauge.set({ ...labels, state: 'idle' }, connections.idle)
        gauge.set({ ...labels, state: 'waiting' }, slots.waiting)
      }),
  )
  metrics.gauge(
    'db_breaker_state',
    'Per pooler: 0 closed, 1 half-open, 2 open, 3 isolated because it is silent',
    ['pooler', 'database'],
    (gauge) => forEachPool(pools, (labels, { state }) => gauge.set(labels, BREAKER_VALUE[state])),
  )
  const lag = metrics.gauge(
    'db_replay_lag_seconds',
    'Replay lag of the standby that was asked last',
  )
  return {
    writes: metrics.counter('db_writes_total', 'Write transactions by outcome', ['outcome']),
    reads: metrics.counter('db_reads_total', 'Reads by the kind of server that served them', [
      'source',
    ]),
    movedReads: metrics.counter(
      'db_reads_moved_to_primary_total',
      'Reads that a standby could not serve, by reason',
      ['reason'],
    ),
    retries: metrics.counter(
      'db_transaction_retries_total',
      'Transactions that were run again after failing before COMMIT',
    ),
    waits: metrics.histogram(
      'db_connection_wait_seconds',
      'Time from asking for a connection until having one',
    ),
    sawPosition: ({ inRecovery, lagMs }: ReplayPosition): void => {
      if (inRecovery && lagMs !== null) lag.set(lagMs / 1000)
    },
  }
}

export type DatabaseMetrics = ReturnType<typeof createDatabaseMetrics>
