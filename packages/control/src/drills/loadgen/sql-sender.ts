/**
 * Writes of the SQL path: one row per request through the poolers' write database, over connections
 * that are kept while they work and thrown away at the first doubt. Every write says who acknowledged it, and
 * every n-th is looked for through the poolers' read database. The connect path makes the same writes with a
 * new connection each, straight to the routers.
 */
import { assertPresent } from '@neuronha/core/assert-present.ts'
import type { LoadgenConfig } from '@neuronha/core/config/loadgen.ts'
import { SCHEMAS } from '@neuronha/core/topology/roles.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import {
  createDirectClient,
  type DirectClient,
  type DirectClientOptions,
  type QueryResultRow,
} from '@neuronha/runtime/postgres/direct-client.ts'
import { loadTls } from '@neuronha/runtime/tls.ts'
import { connectionsFor, ConnectionSlots, withSlot } from './connection-slots.ts'
import { Reopening } from './reopening.ts'
import type { TryLimits, TryOutcome } from './retry.ts'
import type { AcknowledgedBy, Acknowledgement, LoadRequest, ReadBack, Sender } from './sender.ts'

/** To one pooler, and to one of its databases, under any load. */
const MAX_CONNECTIONS = 32

/** Classes of SQLSTATE that another try cannot mend: data, constraints, passwords, missing database, syntax and rights. */
const HOPELESS_CLASSES = new Set(['22', '23', '28', '3D', '42'])

const LEDGER = `${SCHEMAS.drill}.ledger`

/**
 * A repeated write updates the row that it finds instead of leaving it alone: only a commit that writes
 * WAL waits for the standbys. Finding the row is no proof, since a commit whose wait was cut short is
 * visible on the primary without being anywhere else.
 *
 * What it returns comes with the acknowledgement, so it names the member whose commit this was.
 */
const insertRow = (id: string, run: string): string =>
  `insert into ${LEDGER} (id, run, written_at) values ('${id}', '${run}', clock_timestamp())` +
  ` on conflict (id) do update set written_at = excluded.written_at` +
  ` returning host(inet_server_addr()) as member,` +
  ` ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int as timeline`

const findRow = (id: string): string =>
  `select host(inet_server_addr()) as member,` +
  ` exists (select from ${LEDGER} where id = '${id}') as found`

interface FoundRow {
  readonly member: string
  readonly found: boolean
}

/** Kept connections to each pooler, one database. */
interface Pools {
  readonly query: <Row extends QueryResultRow>(
    statement: string,
    request: Pick<LoadRequest, 'seq' | 'limits'>,
  ) => Promise<TryOutcome<readonly Row[]>>
  readonly close: () => Promise<void>
}

export function createSqlSender(config: LoadgenConfig): Sender {
  const { sql, run, sqlReadEvery } = config
  const writes = createPools(config, sql.writeDatabase)
  const reads = createPools(config, sql.readDatabase)

  const readBackOf =
    ({ seq, id }: LoadRequest): ReadBack =>
    async (limits) => {
      const outcome = await reads.query<FoundRow & QueryResultRow>(findRow(id), { seq, limits })
      if (outcome.kind !== 'ok') return outcome
      const [row] = outcome.value
      return { kind: 'ok', value: { isFresh: row?.found === true, member: row?.member ?? null } }
    }
  const send = async (request: LoadRequest): Promise<TryOutcome<Acknowledgement>> => {
    const outcome = acknowledgement(await writes.query(insertRow(request.id, run), request))
    if (outcome.kind !== 'ok' || request.seq % sqlReadEvery !== 0) return outcome
    return { kind: 'ok', value: { ...outcome.value, readBack: readBackOf(request) } }
  }
  const close = async (): Promise<void> => {
    await Promise.all([writes.close(), reads.close()])
  }
  return { send, close }
}

/** One connection for each try; nothing is kept. */
export function createConnectSender(
  config: LoadgenConfig,
  { routers, database }: NonNullable<LoadgenConfig['connect']>,
): Sender {
  const { sql, run } = config
  const files = loadTls(config.tls)
  const send = async ({ seq, id, limits }: LoadRequest): Promise<TryOutcome<Acknowledgement>> => {
    const router = assertPresent(routers[(seq + limits.tryIndex) % routers.length], 'a router')
    const connection = createHonestClient({
      endpoint: { ...router, name: router.address },
      login: { user: sql.user, password: sql.password, database },
      applicationName: `drill ${run}`,
      tls: files,
    })
    try {
      const rows = await connection.query<AcknowledgedBy & QueryResultRow>(
        insertRow(id, run),
        limits.timeoutMs,
      )
      return acknowledgement({ kind: 'ok', value: rows })
    } catch (error) {
      return outcomeOf(error)
    } finally {
      void connection.close()
    }
  }
  return { send, close: () => Promise.resolve() }
}

const acknowledgement = (
  outcome: TryOutcome<readonly (AcknowledgedBy & QueryResultRow)[]>,
): TryOutcome<Acknowledgement> => {
  if (outcome.kind !== 'ok') return outcome
  const [by] = outcome.value
  return { kind: 'ok', value: by === undefined ? {} : { by } }
}

/** A warning at COMMIT: the standbys may not have it. */
const DOUBT = '01000'

/** A commit whose wait for a standby was cut short warns, and then reports success: here it fails instead. */
function createHonestClient(options: Omit<DirectClientOptions, 'onNotice'>): DirectClient {
  const warnings = { count: 0 }
  const client = createDirectClient({
    ...options,
    onNotice: (sqlState) => {
      if (sqlState === DOUBT) warnings.count += 1
    },
  })
  return {
    query: async <Row extends QueryResultRow>(text: string, deadlineMs: number) => {
      const before = warnings.count
      const rows = await client.query<Row>(text, deadlineMs)
      if (warnings.count > before)
        throw new PlatformError('UNKNOWN_OUTCOME', 'the commit is in doubt')
      return rows
    },
    close: () => client.close(),
  }
}

interface Pool {
  readonly slots: ConnectionSlots
  readonly idle: DirectClient[]
  readonly reopening: Reopening
  readonly open: () => DirectClient
}

function createPools({ sql, tls, run, ratePerSecond }: LoadgenConfig, database: string): Pools {
  const files = loadTls(tls)
  const pools = sql.poolers.map((pooler): Pool => ({
    slots: new ConnectionSlots(connectionsFor(ratePerSecond, MAX_CONNECTIONS)),
    idle: [],
    reopening: new Reopening(),
    open: () =>
      createHonestClient({
        endpoint: { ...pooler, name: pooler.address },
        login: { user: sql.user, password: sql.password, database },
        applicationName: `drill ${run}`,
        tls: files,
      }),
  }))
  const query = <Row extends QueryResultRow>(
    statement: string,
    { seq, limits }: { readonly seq: number; readonly limits: TryLimits },
  ): Promise<TryOutcome<readonly Row[]>> => {
    const index = (seq + limits.tryIndex) % pools.length
    const pool = assertPresent(pools[index], `pooler ${index}`)
    return withSlot(pool.slots, limits, (timeoutMs) => runOn<Row>(pool, statement, timeoutMs))
  }
  const close = async (): Promise<void> => {
    await Promise.all(pools.flatMap(({ idle }) => idle.map((connection) => connection.close())))
  }
  return { query, close }
}

async function runOn<Row extends QueryResultRow>(
  pool: Pool,
  statement: string,
  timeoutMs: number,
): Promise<TryOutcome<readonly Row[]>> {
  const { idle, reopening, open } = pool
  const startMs = performance.now()
  if (idle.length === 0 && !(await reopening.pass(timeoutMs)))
    return { kind: 'retry', reason: 'no connection free' }
  const connection = idle.pop() ?? open()
  const leftMs = Math.max(1, Math.floor(timeoutMs - (performance.now() - startMs)))
  let rows: readonly Row[]
  try {
    rows = await connection.query<Row>(statement, leftMs)
  } catch (error) {
    void connection.close()
    const outcome = outcomeOf(error)
    if (outcome.reason === TIMEOUT) reopening.silent()
    else if (TURNS_AWAY.test(outcome.reason)) reopening.turnedAway()
    else reopening.served()
    return outcome
  }
  reopening.served()
  idle.push(connection)
  return { kind: 'ok', value: rows }
}

const TIMEOUT = 'timeout'
/** The pooler has no server, too many clients, or shuts down; or there is no connection at all. Other errors are answers. */
const TURNS_AWAY = /^(?!SQLSTATE )|^SQLSTATE (08|53|57)/

function outcomeOf(error: unknown): Exclude<TryOutcome<never>, { kind: 'ok' }> {
  const code =
    error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (code === 'UPSTREAM_TIMEOUT') return { kind: 'retry', reason: TIMEOUT }
  if (/^[0-9A-Z]{5}$/.test(code)) {
    const reason = `SQLSTATE ${code}`
    return { kind: HOPELESS_CLASSES.has(code.slice(0, 2)) ? 'fail' : 'retry', reason }
  }
  return { kind: 'retry', reason: code === '' ? 'connection closed' : code }
}
