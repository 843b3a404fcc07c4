/**
 * The attack on shared connections: SQL that a user typed tries to write, to read what is not its own, to stay
 * for ever, and to leave something behind for whoever gets its server connection next. Once through NeuronMCP at
 * the front door, and once straight at each pooler, as a client that does not behave.
 */
import { containersOf } from '@neuronha/core/topology/containers.ts'
import { PORTS } from '@neuronha/core/topology/ports.ts'
import { POOLER_DATABASES, ROLES } from '@neuronha/core/topology/roles.ts'
import { connectPostgres, type PostgresConnection } from '@neuronha/runtime/postgres/connection.ts'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { cluster, untilHealthy } from './cluster.ts'

interface ToolResult {
  readonly isError?: boolean
  readonly content: readonly { readonly text: string }[]
  readonly structuredContent?: {
    readonly rows: readonly (readonly (string | null)[])[]
    readonly truncated: boolean
  }
}

const runQuery = async (sql: string, limit = 100): Promise<ToolResult> => {
  const response = await cluster().fetchEdge('/mcp', {
    method: 'POST',
    headers: {
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-11-25',
    },
    body: {
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'run_query', arguments: { sql, limit } },
    },
    timeoutMs: 40_000,
  })
  expect(response.status, response.text).toBe(200)
  return (response.json() as { result: ToolResult }).result
}

const textOf = ({ content }: ToolResult): string => content.map(({ text }) => text).join('\n')

const rowsOf = (result: ToolResult): readonly (readonly (string | null)[])[] => {
  expect(result.isError, textOf(result)).not.toBe(true)
  return result.structuredContent?.rows ?? []
}

/** What must be the same for everybody, whatever was done before on the same server connection. */
const SETTINGS = `SELECT current_setting('search_path'), current_setting('statement_timeout'),
  current_setting('default_transaction_read_only'), coalesce(current_setting('app.left_behind', true), ''),
  (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()),
  (SELECT count(*) FROM pg_prepared_statements WHERE name = 'left_behind'),
  (SELECT count(*) FROM pg_listening_channels())`

const POISON = `SELECT set_config('search_path', 'evil', false), set_config('statement_timeout', '0', false),
  set_config('default_transaction_read_only', 'off', false), set_config('app.left_behind', 'here', false)`

const sessionPoolSize = (): number => cluster().spec.database.pooler.sessionPoolSize

beforeAll(async () => {
  await untilHealthy()
})

describe('SQL through NeuronMCP', () => {
  it('runs as the role without rights, in a transaction that cannot write', async () => {
    const rows = rowsOf(
      await runQuery(`SELECT current_user, current_setting('transaction_read_only')`),
    )
    expect(rows).toEqual([[ROLES.sql.name, 'on']])
  })

  it.each([
    ['SELECT * FROM neurondb_desktop.accounts', '42501'],
    ['SELECT * FROM neurondb_agent.messages', '42501'],
    ['SELECT * FROM neuronha.replay_position()', '42501'],
    ['SELECT * FROM pg_authid', '42501'],
    [`SELECT pg_read_file('/etc/passwd')`, '42501'],
    [`COPY (SELECT 1) TO PROGRAM 'id'`, '42501'],
    ['SELECT pg_advisory_lock(1)', '42501'],
    [`SELECT set_config('role', 'neurondb_desktop', false)`, '42501'],
    ['SET SESSION AUTHORIZATION neurondb_owner', '42501'],
    [
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename <> current_user',
      '42501',
    ],
    ['CREATE TABLE public.left_behind ()', '25006'],
    ['CREATE TEMP TABLE left_behind (a int)', '25006'],
    [
      `DO $$ BEGIN EXECUTE 'SET TRANSACTION READ WRITE'; EXECUTE 'CREATE TABLE public.y ()'; END $$`,
      '25001',
    ],
    ['COMMIT; DROP SCHEMA neurondb_desktop CASCADE', '42601'],
    ['ROLLBACK; BEGIN READ WRITE; CREATE TABLE public.left_behind ()', '42601'],
    ['SELECT 1; SELECT 2', '42601'],
  ])('is refused: %s', async (sql, sqlstate) => {
    const result = await runQuery(sql)
    expect(result.isError).toBe(true)
    expect(textOf(result)).toContain(`QUERY_FAILED`)
    expect(textOf(result)).toContain(`SQLSTATE ${sqlstate}`)
  })

  it('is stopped when it runs for too long', async () => {
    const startedAt = Date.now()
    const result = await runQuery('SELECT pg_sleep(60)')
    expect(textOf(result)).toContain('SQLSTATE 57014')
    expect(Date.now() - startedAt).toBeLessThan(25_000)
  })

  it('says that there are more rows than it returns', async () => {
    const result = await runQuery('SELECT * FROM generate_series(1, 1000000)', 200)
    expect(rowsOf(result)).toHaveLength(200)
    expect(result.structuredContent?.truncated).toBe(true)
  })

  it('leaves nothing behind for the next one, and no connection either', async () => {
    const [clean] = rowsOf(await runQuery(SETTINGS))
    rowsOf(await runQuery('PREPARE left_behind AS SELECT 1'))
    // The pool leads to any member, and a standby refuses this.
    const listening = await runQuery('LISTEN left_behind')
    if (listening.isError === true) expect(textOf(listening)).toContain('SQLSTATE 25006')
    // More calls than there are server connections: one that leaked its connection would hang the rest.
    for (let call = 0; call < sessionPoolSize(); call += 1) {
      rowsOf(await runQuery(POISON))
      expect(rowsOf(await runQuery(SETTINGS))[0]).toEqual(clean)
    }
  })
})

const connectAs = async (
  role: 'sql',
  pooler: number,
  database: string,
): Promise<PostgresConnection> => {
  const { spec, secrets, ca } = cluster()
  const container = containersOf(spec, 'pooler')[pooler]
  const pair = secrets.certificates['cli']
  if (container === undefined || pair === undefined)
    throw new Error('no such pooler, or no certificate')
  const connection = await connectPostgres({
    endpoint: { name: container.name, address: container.address, port: PORTS.pooler },
    login: { user: ROLES[role].name, password: secrets.roles[role].password, database },
    tls: { ca, cert: pair.certificate, key: pair.key },
    applicationName: 'session-pool test',
    connectTimeoutMs: 5000,
    queryTimeoutMs: 20_000,
  })
  onTestFinished(() => connection.close())
  return connection
}

const settingsOf = async (connection: PostgresConnection): Promise<readonly unknown[]> =>
  Object.values(await connection.one<Record<string, unknown>>(SETTINGS))

describe.each([0, 1])('a client straight at pooler %i', (pooler) => {
  const open = () => connectAs('sql', pooler, POOLER_DATABASES.session)

  it('shares its server connection with nobody while it is connected', async () => {
    const clean = await settingsOf(await open())
    const attacker = await open()
    await attacker.many(POISON)
    await attacker.simple('PREPARE left_behind AS SELECT 1')
    expect(await settingsOf(attacker)).not.toEqual(clean)
    for (let victim = 0; victim < 4; victim += 1) {
      const connection = await open()
      expect(await settingsOf(connection)).toEqual(clean)
      await connection.close()
    }
  })

  it('leaves a server connection that is as new', async () => {
    const first = await open()
    const clean = await settingsOf(first)
    await first.close()
    for (let round = 0; round < sessionPoolSize() + 1; round += 1) {
      const attacker = await open()
      await attacker.many(POISON)
      await attacker.simple('PREPARE left_behind AS SELECT 1')
      await attacker.close()
      const victim = await open()
      expect(await settingsOf(victim)).toEqual(clean)
      await victim.close()
    }
  })

  it.each([POOLER_DATABASES.write, POOLER_DATABASES.read])(
    'is not let into %s',
    async (database) => {
      await expect(connectAs('sql', pooler, database)).rejects.toThrow()
    },
  )
})
