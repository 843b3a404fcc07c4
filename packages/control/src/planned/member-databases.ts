/** Members' PostgreSQL, asked directly by the monitoring login: one kept connection each, every question with a deadline. */
import { assertPresent } from '@neuronha/core/assert-present.ts'
import type { PlannedConfig } from '@neuronha/core/config/processes.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { PORTS } from '@neuronha/core/topology/ports.ts'
import { createDirectClient, type DirectClient } from '@neuronha/runtime/postgres/direct-client.ts'
import type { TlsFiles } from '@neuronha/runtime/tls.ts'
import type { MemberDatabases, OpenTransaction } from './ports.ts'

/** While clients may be waiting. */
const QUESTION_MS = 1000

/** Ages are of the transaction, not of its statement: that is what PAUSE waits for. */
const OPEN_TRANSACTIONS = `
SELECT pid, coalesce(usename, '') AS user, coalesce(datname, '') AS database,
       coalesce(application_name, '') AS application, coalesce(state, '') AS state,
       (extract(epoch FROM clock_timestamp() - xact_start) * 1000)::float8 AS age_ms,
       coalesce(wait_event = 'SyncRep', false) AS waits_for_standby,
       left(regexp_replace(query, '\\s+', ' ', 'g'), 120) AS query
  FROM pg_stat_activity
 WHERE backend_type = 'client backend' AND xact_start IS NOT NULL AND pid <> pg_backend_pid()
 ORDER BY xact_start`

const FLUSHED_LSN = `
SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_flush_lsn() END::text AS lsn`

const IN_RECOVERY = 'SELECT pg_is_in_recovery() AS standby'

/** admin_shutdown, cannot_connect_now, and nobody listens any more. */
const SAYS_GOODBYE: ReadonlySet<string> = new Set(['57P01', '57P03', 'ECONNREFUSED'])
const codeOf = (thrown: unknown): string => {
  const code = (thrown as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : ''
}

interface TransactionRow {
  readonly pid: number
  readonly user: string
  readonly database: string
  readonly application: string
  readonly state: string
  readonly age_ms: number
  readonly waits_for_standby: boolean
  readonly query: string
}

export function createMemberDatabases(
  config: Pick<PlannedConfig, 'members' | 'database'>,
  tls: TlsFiles,
): MemberDatabases {
  const connect = (address: string): DirectClient =>
    createDirectClient({
      endpoint: { name: address, address, port: PORTS.postgres },
      login: config.database,
      tls,
      applicationName: 'neuronha-planned',
    })
  const clients = new Map(config.members.map(({ name, address }) => [name, connect(address)]))
  const on = (member: string): DirectClient =>
    assertPresent(clients.get(member), `a connection to ${member}`)
  return {
    openTransactions: async (member, deadlineMs = QUESTION_MS) => {
      const rows = await on(member).query<TransactionRow>(OPEN_TRANSACTIONS, deadlineMs)
      return rows.map(({ age_ms, waits_for_standby, ...row }): OpenTransaction => ({
        ...row,
        ageMs: Math.round(age_ms),
        waitsForStandby: waits_for_standby,
      }))
    },
    checkpoint: async (member, deadlineMs) => {
      // The role's own limit is for questions.
      await on(member).query(`SET statement_timeout = ${Math.round(deadlineMs)}`, deadlineMs)
      try {
        await on(member).query('CHECKPOINT', deadlineMs + QUESTION_MS)
      } finally {
        await on(member).query('RESET statement_timeout', QUESTION_MS)
      }
    },
    flushedLsn: async (member) => {
      const [row] = await on(member).query<{ lsn: string | null }>(FLUSHED_LSN, QUESTION_MS)
      if (typeof row?.lsn === 'string') return row.lsn
      throw new PlatformError('UPSTREAM_FAILED', `${member} has received nothing from a primary`)
    },
    isInRecovery: async (member) => {
      const [row] = await on(member).query<{ standby: boolean }>(IN_RECOVERY, QUESTION_MS)
      return row?.standby ?? true
    },
    isStopping: (member) =>
      on(member)
        .query(IN_RECOVERY, QUESTION_MS)
        .then(
          () => false,
          (thrown: unknown) => SAYS_GOODBYE.has(codeOf(thrown)),
        ),
    close: async () => {
      await Promise.all([...clients.values()].map((client) => client.close()))
    },
  }
}
