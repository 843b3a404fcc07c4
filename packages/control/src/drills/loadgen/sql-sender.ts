/**
 * Writes of the SQL path: one row per request through the poolers' write database, over connections
 * that are kept while they work and thrown away at the first doubt.
 */
import { assertPresent } from '@neuronha/core/assert-present.ts'
import type { LoadgenConfig } from '@neuronha/core/config/loadgen.ts'
import { SCHEMAS } from '@neuronha/core/topology/roles.ts'
import { createDirectClient, type DirectClient } from '@neuronha/runtime/postgres/direct-client.ts'
import { loadTls } from '@neuronha/runtime/tls.ts'
import { ConnectionSlots, withSlot } from './connection-slots.ts'
import type { TryOutcome } from './retry.ts'
import type { Acknowledgement, LoadRequest, Sender } from './sender.ts'

/** To one pooler. */
const MAX_CONNECTIONS = 32

/** Classes of SQLSTATE that another try cannot mend: data, constraints, passwords, missing database, syntax and rights. */
const HOPELESS_CLASSES = new Set(['22', '23', '28', '3D', '42'])

/**
 * A repeated write updates the row that it finds instead of leaving it alone: only a commit that writes
 * WAL waits for the standbys. Finding the row is no proof, since a commit whose wait was cut short is
 * visible on the primary without being anywhere else.
 */
const insertRow = (id: string, run: string): string =>
  `insert into ${SCHEMAS.drill}.ledger (id, run, written_at) values ('${id}', '${run}', clock_timestamp())` +
  ` on conflict (id) do update set written_at = excluded.written_at`

export function createSqlSender(config: LoadgenConfig): Sender {
  const { sql, tls, run } = config
  const files = loadTls(tls)
  const pools = sql.poolers.map((pooler): Pool => ({
    slots: new ConnectionSlots(MAX_CONNECTIONS),
    idle: [],
    open: () =>
      createDirectClient({
        endpoint: { ...pooler, name: pooler.address },
        login: { user: sql.user, password: sql.password, database: sql.writeDatabase },
        applicationName: `drill ${run}`,
        tls: files,
      }),
  }))

  const send = ({ seq, id, limits }: LoadRequest): Promise<TryOutcome<Acknowledgement>> => {
    const index = (seq + limits.tryIndex) % pools.length
    const pool = assertPresent(pools[index], `pooler ${index}`)
    return withSlot(pool.slots, limits, (timeoutMs) =>
      writeRow(pool, insertRow(id, run), timeoutMs),
    )
  }
  const close = async (): Promise<void> => {
    await Promise.all(pools.flatMap(({ idle }) => idle.map((connection) => connection.close())))
  }
  return { send, close }
}

interface Pool {
  readonly slots: ConnectionSlots
  readonly idle: DirectClient[]
  readonly open: () => DirectClient
}

async function writeRow(
  { idle, open }: Pool,
  statement: string,
  timeoutMs: number,
): Promise<TryOutcome<Acknowledgement>> {
  const connection = idle.pop() ?? open()
  try {
    await connection.query(statement, timeoutMs)
  } catch (error) {
    void connection.close()
    return outcomeOf(error)
  }
  idle.push(connection)
  return { kind: 'ok', value: {} }
}

function outcomeOf(error: unknown): TryOutcome<Acknowledgement> {
  const code =
    error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (code === 'UPSTREAM_TIMEOUT') return { kind: 'retry', reason: 'timeout' }
  if (/^[0-9A-Z]{5}$/.test(code)) {
    const reason = `SQLSTATE ${code}`
    return { kind: HOPELESS_CLASSES.has(code.slice(0, 2)) ? 'fail' : 'retry', reason }
  }
  return { kind: 'retry', reason: code === '' ? 'connection closed' : code }
}
