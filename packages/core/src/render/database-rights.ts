/** Inside the platform's database: schemas, who may do what in them, and the two things every service relies on. */
import { ROLES, SCHEMAS } from '../topology/roles.ts'
import { DRILL_RECORDS } from './drill-records.ts'
import { EVENTS_ARCHIVE } from './events-archive.ts'
import { ARCHIVE_AGAIN } from './archive-again.ts'
import { RECOVERY_LEDGER } from './recovery-ledger.ts'
import { quoteIdentifier, quoteLiteral } from './sql.ts'

const OWNER = quoteIdentifier(ROLES.owner.name)
const { agent, desktop, drill, sql, reader, controller } = ROLES

/** Each service's schema, whose it is, and who else may read it. */
const SCHEMA_ACCESS = [
  { schema: SCHEMAS.agent, writer: agent.name, readers: [reader.name] },
  { schema: SCHEMAS.desktop, writer: desktop.name, readers: [reader.name] },
  { schema: SCHEMAS.drill, writer: drill.name, readers: [reader.name] },
] as const

/** Rights on what is there and on what migrations, run as the owner, will make. */
const grantInSchema = (schema: string, objects: string, rights: string, role: string) => [
  `GRANT ${rights} ON ALL ${objects} IN SCHEMA ${quoteIdentifier(schema)} TO ${quoteIdentifier(role)};`,
  `ALTER DEFAULT PRIVILEGES FOR ROLE ${OWNER} IN SCHEMA ${quoteIdentifier(schema)} GRANT ${rights} ON ${objects} TO ${quoteIdentifier(role)};`,
]

const schemaStatements = SCHEMA_ACCESS.flatMap(({ schema, writer, readers }) => [
  `CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(schema)} AUTHORIZATION ${OWNER};`,
  `REVOKE ALL ON SCHEMA ${quoteIdentifier(schema)} FROM PUBLIC;`,
  ...[writer, ...readers].map(
    (role) => `GRANT USAGE ON SCHEMA ${quoteIdentifier(schema)} TO ${quoteIdentifier(role)};`,
  ),
  ...grantInSchema(schema, 'TABLES', 'SELECT, INSERT, UPDATE, DELETE', writer),
  ...grantInSchema(schema, 'SEQUENCES', 'SELECT, USAGE', writer),
  ...readers.flatMap((role) => grantInSchema(schema, 'TABLES', 'SELECT', role)),
])

/** Extensions live in public, so services need to look into it; only the owner makes anything there. */
const publicStatements = [
  'REVOKE ALL ON SCHEMA public FROM PUBLIC;',
  `GRANT USAGE, CREATE ON SCHEMA public TO ${OWNER};`,
  ...[agent, desktop, drill, sql, reader, controller].map(
    ({ name }) => `GRANT USAGE ON SCHEMA public TO ${quoteIdentifier(name)};`,
  ),
  ...[sql.name, reader.name].flatMap((role) => grantInSchema('public', 'TABLES', 'SELECT', role)),
]

/**
 * What any role could do to others through a plain SELECT: hold an advisory lock that a migration waits for, write
 * large objects or WAL. Taken from PUBLIC; the platform's own roles keep the locks.
 */
const FUNCTIONS_NOT_FOR_ALL = `
DO $$
DECLARE
  f record;
BEGIN
  FOR f IN
    SELECT p.oid::regprocedure AS signature, p.proname LIKE 'pg\\_%advisory%' AS is_lock
    FROM pg_proc p
    WHERE p.pronamespace = 'pg_catalog'::regnamespace
      AND (p.proname LIKE 'pg\\_%advisory%'
        OR p.proname IN ('lo_creat', 'lo_create', 'lo_from_bytea', 'lo_put', 'lo_truncate', 'lo_truncate64', 'lo_unlink', 'lowrite', 'pg_logical_emit_message', 'pg_notify'))
  LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f.signature);
    IF f.is_lock THEN
      EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO ${[ROLES.owner, agent, desktop, drill].map(({ name }) => quoteIdentifier(name)).join(', ')}', f.signature);
    END IF;
  END LOOP;
END
$$;`

/** Planned work proves a router by a commit that leaves no row behind. */
const PROOF_OF_WRITING = `GRANT EXECUTE ON FUNCTION pg_logical_emit_message(boolean, text, text, boolean) TO ${quoteIdentifier(drill.name)};`

/**
 * How far this member has replayed. A service asks before it trusts a standby's answer.
 * lag_ms is 0 on the primary, and on a standby that has replayed all it received; otherwise the age of the last
 * transaction replayed, which after an idle time is more than the true lag, never less. NULL: unknown, to be taken
 * for too old; the standby receives nothing from a primary.
 * SECURITY DEFINER, because the receiver's state is hidden from ordinary roles.
 */
const REPLAY_POSITION = `
CREATE SCHEMA IF NOT EXISTS neuronha;
REVOKE ALL ON SCHEMA neuronha FROM PUBLIC;
CREATE OR REPLACE FUNCTION neuronha.replay_position(
  OUT in_recovery boolean, OUT lsn pg_lsn, OUT timeline integer, OUT lag_ms double precision)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  receiver record;
BEGIN
  in_recovery := pg_is_in_recovery();
  IF NOT in_recovery THEN
    lsn := pg_current_wal_lsn();
    timeline := ('x' || substr(pg_walfile_name(lsn), 1, 8))::bit(32)::integer;
    lag_ms := 0;
    RETURN;
  END IF;
  SELECT r.status, r.received_tli, r.flushed_lsn INTO receiver FROM pg_stat_get_wal_receiver() r;
  lsn := pg_last_wal_replay_lsn();
  timeline := coalesce(
    receiver.received_tli,
    (SELECT greatest(c.timeline_id, r.min_recovery_end_timeline)
       FROM pg_control_checkpoint() c, pg_control_recovery() r));
  IF receiver.status IS DISTINCT FROM 'streaming' THEN
    lag_ms := NULL;
  ELSIF lsn >= receiver.flushed_lsn THEN
    lag_ms := 0;
  ELSE
    lag_ms := extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000;
  END IF;
END
$$;
REVOKE ALL ON FUNCTION neuronha.replay_position() FROM PUBLIC;`

const REPLAY_POSITION_ROLES = [agent, desktop, drill, reader, controller, ROLES.owner]

/** One row for each member that was probed: when a write last reached it. */
export const HEARTBEAT_TABLE = 'neuronha.heartbeat'
const HEARTBEAT = [
  `CREATE TABLE IF NOT EXISTS ${HEARTBEAT_TABLE} (member text PRIMARY KEY, at timestamptz NOT NULL) WITH (fillfactor = 50);`,
  `COMMENT ON TABLE ${HEARTBEAT_TABLE} IS ${quoteLiteral('The controllers’ write probe: when a write last reached each member.')};`,
  `GRANT USAGE ON SCHEMA neuronha TO ${quoteIdentifier(ROLES.probe.name)};`,
  `GRANT SELECT, INSERT, UPDATE ON ${HEARTBEAT_TABLE} TO ${quoteIdentifier(ROLES.probe.name)};`,
]

/**
 * When the postmaster last made a process for anybody, milliseconds ago: one that hangs makes none, however many knock. The
 * probe may not see others' sessions itself.
 */
export const NEWEST_BACKEND = 'neuronha.newest_backend_age_ms()'
const NEWEST_BACKEND_AGE = `
CREATE OR REPLACE FUNCTION ${NEWEST_BACKEND} RETURNS double precision
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT extract(epoch FROM clock_timestamp() - max(backend_start)) * 1000 FROM pg_stat_activity
$$;
REVOKE ALL ON FUNCTION ${NEWEST_BACKEND} FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ${NEWEST_BACKEND} TO ${quoteIdentifier(ROLES.probe.name)};`

/** The acknowledged writes of a drill. */
const ledger = `${quoteIdentifier(SCHEMAS.drill)}.ledger`
const LEDGER = [
  `CREATE TABLE IF NOT EXISTS ${ledger} (id uuid PRIMARY KEY, run text NOT NULL, written_at timestamptz NOT NULL DEFAULT now());`,
  `ALTER TABLE ${ledger} OWNER TO ${OWNER};`,
  `CREATE INDEX IF NOT EXISTS ledger_run ON ${ledger} (run);`,
  `COMMENT ON TABLE ${ledger} IS ${quoteLiteral('What drills wrote, one row for each write; a drill compares it with what was acknowledged.')};`,
  `GRANT SELECT, INSERT, UPDATE, DELETE ON ${ledger} TO ${quoteIdentifier(drill.name)};`,
  `GRANT SELECT ON ${ledger} TO ${quoteIdentifier(reader.name)};`,
]

/**
 * How full the disk below the data is. PostgreSQL itself cannot say. A foreign table over `stat` can, on standbys too,
 * without another process or port; its reader runs this one program and no other.
 */
const DISK = [
  `CREATE EXTENSION IF NOT EXISTS file_fdw SCHEMA neuronha;`,
  `CREATE SERVER IF NOT EXISTS neuronha_programs FOREIGN DATA WRAPPER file_fdw;`,
  `CREATE FOREIGN TABLE IF NOT EXISTS neuronha.disk (block_bytes bigint, blocks bigint, free_blocks bigint, available_blocks bigint)`,
  `  SERVER neuronha_programs`,
  `  OPTIONS (program ${quoteLiteral("stat --file-system --format='%S,%b,%f,%a' /var/lib/postgresql/data")}, format 'csv');`,
  `GRANT SELECT ON neuronha.disk TO ${quoteIdentifier(controller.name)};`,
]

/** Everything that the platform's database needs before migrations run. */
export const platformRights = (): readonly string[] => [
  ...publicStatements,
  ...schemaStatements,
  FUNCTIONS_NOT_FOR_ALL,
  PROOF_OF_WRITING,
  REPLAY_POSITION,
  ...REPLAY_POSITION_ROLES.map(({ name }) => quoteIdentifier(name)).flatMap((role) => [
    `GRANT USAGE ON SCHEMA neuronha TO ${role};`,
    `GRANT EXECUTE ON FUNCTION neuronha.replay_position() TO ${role};`,
  ]),
  ...HEARTBEAT,
  NEWEST_BACKEND_AGE,
  ...DISK,
  ...LEDGER,
  ...EVENTS_ARCHIVE,
  ...RECOVERY_LEDGER,
  ARCHIVE_AGAIN,
  ...DRILL_RECORDS,
]
