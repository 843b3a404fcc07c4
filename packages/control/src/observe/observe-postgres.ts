/** A member's PostgreSQL, asked directly by the pg_monitor login: one statement on one kept connection. */
import { PlatformError } from '@neuronha/core/errors.ts'
import type { DirectClient } from '@neuronha/runtime/postgres/direct-client.ts'
import type { PostgresAnswer } from './raw-observation.ts'

/**
 * pg_stat_wal_receiver.received_tli is a standby's timeline; a primary's is in the name of its WAL file.
 * The age of the newest replayed commit says nothing while all that was received is replayed (an idle
 * cluster's would grow for ever), hence 0 then; what was not received shows in bytes.
 */
const MEMBER_STATE = `
WITH me AS (SELECT pg_is_in_recovery() AS in_recovery),
     receiver AS (SELECT status, received_tli FROM pg_stat_wal_receiver),
     age AS (SELECT extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000 AS ms)
SELECT me.in_recovery,
       CASE WHEN me.in_recovery THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END::text AS lsn,
       CASE WHEN me.in_recovery THEN (SELECT received_tli FROM receiver)
            ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int END AS timeline,
       CASE WHEN NOT me.in_recovery THEN NULL
            WHEN pg_last_wal_receive_lsn() IS NOT DISTINCT FROM pg_last_wal_replay_lsn() THEN 0
            ELSE greatest(age.ms, 0) END::float8 AS lag_ms,
       age.ms::float8 AS replayed_commit_age_ms,
       coalesce((SELECT status = 'streaming' FROM receiver), false) AS receiver_streaming,
       current_setting('synchronous_standby_names') AS synchronous_standby_names,
       (SELECT json_object_agg(application_name, sync_state) FROM pg_stat_replication
         WHERE state = 'streaming') AS sync_states,
       (SELECT count(*) FILTER (WHERE backend_type = 'client backend')::int
          FROM pg_stat_activity) AS connections,
       (SELECT count(*)::int FROM pg_stat_activity
         WHERE wait_event = 'SyncRep' AND state_change < now() - interval '2 seconds') AS sync_waits,
       current_setting('server_version') AS version
  FROM me, age`

interface MemberStateRow {
  readonly in_recovery: boolean
  readonly lsn: string | null
  readonly timeline: number | null
  readonly lag_ms: number | null
  readonly replayed_commit_age_ms: number | null
  readonly receiver_streaming: boolean
  readonly synchronous_standby_names: string
  readonly sync_states: Readonly<Record<string, string>> | null
  readonly connections: number
  readonly sync_waits: number
  readonly version: string
}

export async function observePostgres(
  client: DirectClient,
  deadlineMs: number,
): Promise<PostgresAnswer> {
  const [row] = await client.query<MemberStateRow>(MEMBER_STATE, deadlineMs)
  if (row === undefined) throw new PlatformError('UPSTREAM_FAILED', 'answered without a row')
  return {
    inRecovery: row.in_recovery,
    lsn: row.lsn ?? '0/0',
    timeline: row.timeline,
    lagMs: row.lag_ms === null ? null : Math.round(row.lag_ms),
    replayedCommitAgeMs:
      row.replayed_commit_age_ms === null ? null : Math.round(row.replayed_commit_age_ms),
    receiverStreaming: row.receiver_streaming,
    synchronousStandbyNames: row.synchronous_standby_names,
    syncStates: row.sync_states ?? {},
    syncWaits: row.sync_waits,
    connections: row.connections,
    version: row.version.split(' ')[0] ?? row.version,
  }
}
