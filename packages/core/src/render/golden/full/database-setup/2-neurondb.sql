-- Databases, roles and rights of a NeuronHA cluster. Running it again changes nothing.
SET client_min_messages = warning;
SET log_min_error_statement = panic;
CREATE EXTENSION IF NOT EXISTS "pg_trgm";
CREATE EXTENSION IF NOT EXISTS "vector";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO "neurondb_owner";
GRANT USAGE ON SCHEMA public TO "neurondb_agent";
GRANT USAGE ON SCHEMA public TO "neurondb_desktop";
GRANT USAGE ON SCHEMA public TO "neurondb_drill";
GRANT USAGE ON SCHEMA public TO "neurondb_sql";
GRANT USAGE ON SCHEMA public TO "neurondb_reader";
GRANT USAGE ON SCHEMA public TO "neuronha_controller";
GRANT SELECT ON ALL TABLES IN SCHEMA "public" TO "neurondb_sql";
ALTER DEFAULT PRIVILEGES FOR ROLE "neurondb_owner" IN SCHEMA "public" GRANT SELECT ON TABLES TO "neurondb_sql";
GRANT SELECT ON ALL TABLES IN SCHEMA "public" TO "neurondb_reader";
ALTER DEFAULT PRIVILEGES FOR ROLE "neurondb_owner" IN SCHEMA "public" GRANT SELECT ON TABLES TO "neurondb_reader";
CREATE SCHEMA IF NOT EXISTS "neurondb_agent" AUTHORIZATION "neurondb_owner";
REVOKE ALL ON SCHEMA "neurondb_agent" FROM PUBLIC;
GRANT USAGE ON SCHEMA "neurondb_agent" TO "neurondb_agent";
GRANT USAGE ON SCHEMA "neurondb_agent" TO "neurondb_reader";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "neurondb_agent" TO "neurondb_agent";
ALTER DEFAULT PRIVILEGES FOR ROLE "neurondb_owner" IN SCHEMA "neurondb_agent" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "neurondb_agent";
GRANT SELECT, USAGE ON ALL SEQUENCES IN SCHEMA "neurondb_agent" TO "neurondb_agent";
ALTER DEFAULT PRIVILEGES FOR ROLE "neurondb_owner" IN SCHEMA "neurondb_agent" GRANT SELECT, USAGE ON SEQUENCES TO "neurondb_agent";
GRANT SELECT ON ALL TABLES IN SCHEMA "neurondb_agent" TO "neurondb_reader";
ALTER DEFAULT PRIVILEGES FOR ROLE "neurondb_owner" IN SCHEMA "neurondb_agent" GRANT SELECT ON TABLES TO "neurondb_reader";
CREATE SCHEMA IF NOT EXISTS "neurondb_desktop" AUTHORIZATION "neurondb_owner";
REVOKE ALL ON SCHEMA "neurondb_desktop" FROM PUBLIC;
GRANT USAGE ON SCHEMA "neurondb_desktop" TO "neurondb_desktop";
GRANT USAGE ON SCHEMA "neurondb_desktop" TO "neurondb_reader";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "neurondb_desktop" TO "neurondb_desktop";
ALTER DEFAULT PRIVILEGES FOR ROLE "neurondb_owner" IN SCHEMA "neurondb_desktop" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "neurondb_desktop";
GRANT SELECT, USAGE ON ALL SEQUENCES IN SCHEMA "neurondb_desktop" TO "neurondb_desktop";
ALTER DEFAULT PRIVILEGES FOR ROLE "neurondb_owner" IN SCHEMA "neurondb_desktop" GRANT SELECT, USAGE ON SEQUENCES TO "neurondb_desktop";
GRANT SELECT ON ALL TABLES IN SCHEMA "neurondb_desktop" TO "neurondb_reader";
ALTER DEFAULT PRIVILEGES FOR ROLE "neurondb_owner" IN SCHEMA "neurondb_desktop" GRANT SELECT ON TABLES TO "neurondb_reader";
CREATE SCHEMA IF NOT EXISTS "neurondb_drill" AUTHORIZATION "neurondb_owner";
REVOKE ALL ON SCHEMA "neurondb_drill" FROM PUBLIC;
GRANT USAGE ON SCHEMA "neurondb_drill" TO "neurondb_drill";
GRANT USAGE ON SCHEMA "neurondb_drill" TO "neurondb_reader";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "neurondb_drill" TO "neurondb_drill";
ALTER DEFAULT PRIVILEGES FOR ROLE "neurondb_owner" IN SCHEMA "neurondb_drill" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "neurondb_drill";
GRANT SELECT, USAGE ON ALL SEQUENCES IN SCHEMA "neurondb_drill" TO "neurondb_drill";
ALTER DEFAULT PRIVILEGES FOR ROLE "neurondb_owner" IN SCHEMA "neurondb_drill" GRANT SELECT, USAGE ON SEQUENCES TO "neurondb_drill";
GRANT SELECT ON ALL TABLES IN SCHEMA "neurondb_drill" TO "neurondb_reader";
ALTER DEFAULT PRIVILEGES FOR ROLE "neurondb_owner" IN SCHEMA "neurondb_drill" GRANT SELECT ON TABLES TO "neurondb_reader";

DO $$
DECLARE
  f record;
BEGIN
  FOR f IN
    SELECT p.oid::regprocedure AS signature, p.proname LIKE 'pg\_%advisory%' AS is_lock
    FROM pg_proc p
    WHERE p.pronamespace = 'pg_catalog'::regnamespace
      AND (p.proname LIKE 'pg\_%advisory%'
        OR p.proname IN ('lo_creat', 'lo_create', 'lo_from_bytea', 'lo_put', 'lo_truncate', 'lo_truncate64', 'lo_unlink', 'lowrite', 'pg_logical_emit_message', 'pg_notify'))
  LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f.signature);
    IF f.is_lock THEN
      EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO "neurondb_owner", "neurondb_agent", "neurondb_desktop", "neurondb_drill"', f.signature);
    END IF;
  END LOOP;
END
$$;
GRANT EXECUTE ON FUNCTION pg_logical_emit_message(boolean, text, text, boolean) TO "neurondb_drill";

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
REVOKE ALL ON FUNCTION neuronha.replay_position() FROM PUBLIC;
GRANT USAGE ON SCHEMA neuronha TO "neurondb_agent";
GRANT EXECUTE ON FUNCTION neuronha.replay_position() TO "neurondb_agent";
GRANT USAGE ON SCHEMA neuronha TO "neurondb_desktop";
GRANT EXECUTE ON FUNCTION neuronha.replay_position() TO "neurondb_desktop";
GRANT USAGE ON SCHEMA neuronha TO "neurondb_drill";
GRANT EXECUTE ON FUNCTION neuronha.replay_position() TO "neurondb_drill";
GRANT USAGE ON SCHEMA neuronha TO "neurondb_reader";
GRANT EXECUTE ON FUNCTION neuronha.replay_position() TO "neurondb_reader";
GRANT USAGE ON SCHEMA neuronha TO "neuronha_controller";
GRANT EXECUTE ON FUNCTION neuronha.replay_position() TO "neuronha_controller";
GRANT USAGE ON SCHEMA neuronha TO "neurondb_owner";
GRANT EXECUTE ON FUNCTION neuronha.replay_position() TO "neurondb_owner";
CREATE TABLE IF NOT EXISTS neuronha.heartbeat (member text PRIMARY KEY, at timestamptz NOT NULL) WITH (fillfactor = 50);
COMMENT ON TABLE neuronha.heartbeat IS 'The controllers’ write probe: when a write last reached each member.';
GRANT USAGE ON SCHEMA neuronha TO "neuronha_probe";
GRANT SELECT, INSERT, UPDATE ON neuronha.heartbeat TO "neuronha_probe";

CREATE OR REPLACE FUNCTION neuronha.newest_backend_age_ms() RETURNS double precision
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT extract(epoch FROM clock_timestamp() - max(backend_start)) * 1000 FROM pg_stat_activity
$$;
REVOKE ALL ON FUNCTION neuronha.newest_backend_age_ms() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION neuronha.newest_backend_age_ms() TO "neuronha_probe";
CREATE EXTENSION IF NOT EXISTS file_fdw SCHEMA neuronha;
CREATE SERVER IF NOT EXISTS neuronha_programs FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE IF NOT EXISTS neuronha.disk (block_bytes bigint, blocks bigint, free_blocks bigint, available_blocks bigint)
  SERVER neuronha_programs
  OPTIONS (program 'stat --file-system --format=''%S,%b,%f,%a'' /var/lib/postgresql/data', format 'csv');
GRANT SELECT ON neuronha.disk TO "neuronha_controller";
CREATE TABLE IF NOT EXISTS "neurondb_drill".ledger (id uuid PRIMARY KEY, run text NOT NULL, written_at timestamptz NOT NULL DEFAULT now());
ALTER TABLE "neurondb_drill".ledger OWNER TO "neurondb_owner";
CREATE INDEX IF NOT EXISTS ledger_run ON "neurondb_drill".ledger (run);
COMMENT ON TABLE "neurondb_drill".ledger IS 'What drills wrote, one row for each write; a drill compares it with what was acknowledged.';
GRANT SELECT, INSERT, UPDATE, DELETE ON "neurondb_drill".ledger TO "neurondb_drill";
GRANT SELECT ON "neurondb_drill".ledger TO "neurondb_reader";

CREATE TABLE IF NOT EXISTS neuronha.events (
  id text COLLATE "C" PRIMARY KEY,
  at timestamptz NOT NULL,
  source text NOT NULL,
  actor text NOT NULL,
  kind text NOT NULL,
  severity text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
  summary text NOT NULL,
  target text,
  evidence jsonb NOT NULL,
  archived_at timestamptz NOT NULL DEFAULT clock_timestamp());
COMMENT ON TABLE neuronha.events IS 'The audit log, kept for 90 days. The newest events may still be in etcd.';
REVOKE ALL ON TABLE neuronha.events FROM PUBLIC;
GRANT SELECT ON TABLE neuronha.events TO "neuronha_controller", "neurondb_reader";

CREATE OR REPLACE FUNCTION neuronha.archive_events(events jsonb) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  INSERT INTO neuronha.events (id, at, source, actor, kind, severity, summary, target, evidence)
  SELECT e.id, e.at, e.source, e.actor, e.kind, e.severity, e.summary, e.target, e.evidence
  FROM jsonb_to_recordset(events) AS e(id text, at timestamptz, source text, actor text, kind text,
    severity text, summary text, target text, evidence jsonb)
  ON CONFLICT (id) DO UPDATE SET archived_at = clock_timestamp()
$$;
REVOKE ALL ON FUNCTION neuronha.archive_events(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION neuronha.archive_events(jsonb) TO "neuronha_controller";

CREATE OR REPLACE FUNCTION neuronha.forget_old_events() RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  WITH gone AS (
    DELETE FROM neuronha.events WHERE id IN (
      SELECT id FROM neuronha.events
      WHERE at < now() - interval '90 days' ORDER BY id LIMIT 2000)
    RETURNING 1)
  SELECT count(*) FROM gone
$$;
REVOKE ALL ON FUNCTION neuronha.forget_old_events() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION neuronha.forget_old_events() TO "neuronha_controller";

CREATE TABLE IF NOT EXISTS neuronha.ledger (
  seq bigint PRIMARY KEY,
  at timestamptz NOT NULL);
COMMENT ON TABLE neuronha.ledger IS 'Numbered without gaps: a restored copy that lacks a number has lost a commit.';
REVOKE ALL ON TABLE neuronha.ledger FROM PUBLIC;

CREATE OR REPLACE FUNCTION neuronha.write_ledger() RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  DELETE FROM neuronha.ledger WHERE seq <= (SELECT max(seq) FROM neuronha.ledger) - 130000;
  INSERT INTO neuronha.ledger (seq, at)
  SELECT coalesce(max(seq), 0) + 1, clock_timestamp() FROM neuronha.ledger
  RETURNING seq
$$;
REVOKE ALL ON FUNCTION neuronha.write_ledger() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION neuronha.write_ledger() TO "neuronha_controller";

CREATE OR REPLACE FUNCTION neuronha.table_marks(tables text[]) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC' SET datestyle = 'ISO, YMD' SET intervalstyle = 'postgres' SET bytea_output = 'hex'
SET extra_float_digits = 1 SET lock_timeout = '2s'
AS $$
DECLARE
  marks jsonb := '{}';
  name text;
  mark jsonb;
BEGIN
  FOREACH name IN ARRAY tables LOOP
    EXECUTE format('LOCK TABLE %s IN SHARE MODE', name::regclass);
  END LOOP;
  FOREACH name IN ARRAY tables LOOP
    EXECUTE format(
      'SELECT jsonb_build_object(''rows'', count(*), ''hash'', coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text) FROM %s t',
      name::regclass) INTO mark;
    marks := marks || jsonb_build_object(name, mark);
  END LOOP;
  RETURN marks;
END
$$;
REVOKE ALL ON FUNCTION neuronha.table_marks(text[]) FROM PUBLIC;

CREATE OR REPLACE FUNCTION neuronha.mark_restore_test(tables text[]) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  marks jsonb := neuronha.table_marks(tables);
  written bigint := neuronha.write_ledger();
BEGIN
  RETURN jsonb_build_object(
    'ledger', jsonb_build_object('from', (SELECT min(seq) FROM neuronha.ledger), 'to', written),
    'tables', marks);
END
$$;
REVOKE ALL ON FUNCTION neuronha.mark_restore_test(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION neuronha.mark_restore_test(text[]) TO "neuronha_controller";

CREATE OR REPLACE FUNCTION neuronha.set_restore_point(name text) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  segment text;
BEGIN
  IF name !~ '^neuronha-[0-9a-f-]{36}$' THEN
    RAISE EXCEPTION 'not a name of a restore test: %', name;
  END IF;
  segment := pg_walfile_name(pg_create_restore_point(name));
  PERFORM pg_switch_wal();
  RETURN segment;
END
$$;
REVOKE ALL ON FUNCTION neuronha.set_restore_point(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION neuronha.set_restore_point(text) TO "neuronha_controller";

CREATE OR REPLACE FUNCTION neuronha.archive_again(segments text[]) RETURNS SETOF text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  segment text;
  present text := pg_walfile_name(pg_current_wal_insert_lsn());
BEGIN
  FOR segment IN
    SELECT w.name FROM pg_ls_waldir() w
     WHERE w.name = ANY (segments) AND w.name ~ '^[0-9A-F]{24}$'
       AND substr(w.name, 9) < substr(present, 9) AND substr(w.name, 1, 8) <= substr(present, 1, 8)
       AND w.size = pg_size_bytes(current_setting('wal_segment_size'))
       AND NOT EXISTS (SELECT FROM pg_ls_archive_statusdir() s WHERE s.name = w.name || '.ready')
     ORDER BY w.name
  LOOP
    EXECUTE format('COPY (SELECT WHERE false) TO %L',
      current_setting('data_directory') || '/pg_wal/archive_status/' || segment || '.ready');
    RETURN NEXT segment;
  END LOOP;
  IF FOUND THEN
    PERFORM pg_logical_emit_message(false, 'neuronha', 'archived again');
    PERFORM pg_switch_wal();
  END IF;
END
$$;
REVOKE ALL ON FUNCTION neuronha.archive_again(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION neuronha.archive_again(text[]) TO "neuronha_controller";

CREATE OR REPLACE FUNCTION neuronha.count_drill_messages(sessions uuid[])
RETURNS TABLE (content text, copies bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT m.content, count(*)
  FROM "neurondb_agent".messages m
    JOIN "neurondb_agent".sessions s ON s.id = m.session_id
    JOIN "neurondb_agent".agents a ON a.id = s.agent_id
  WHERE m.role = 'user' AND m.session_id = ANY (sessions) AND starts_with(a.name, 'drill-')
  GROUP BY m.content;
END
$$;
REVOKE ALL ON FUNCTION neuronha.count_drill_messages(uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION neuronha.count_drill_messages(uuid[]) TO "neurondb_drill";

CREATE OR REPLACE FUNCTION neuronha.forget_drill(the_run text, sessions uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  its_agents uuid[];
  its_sessions uuid[];
BEGIN
  IF the_run !~ '^[a-z0-9][a-z0-9-]{3,60}$' THEN
    RAISE EXCEPTION 'not the mark of a drill: %', the_run USING ERRCODE = 'invalid_parameter_value';
  END IF;
  DELETE FROM "neurondb_drill".ledger l WHERE starts_with(l.run, the_run);
  SELECT coalesce(array_agg(a.id), '{}') INTO its_agents
  FROM "neurondb_agent".agents a WHERE a.name = 'drill-' || the_run;
  SELECT coalesce(array_agg(s.id), '{}') INTO its_sessions
  FROM "neurondb_agent".sessions s WHERE s.agent_id = ANY (its_agents) OR (s.id = ANY (sessions) AND s.agent_id IN (
    SELECT a.id FROM "neurondb_agent".agents a WHERE starts_with(a.name, 'drill-')));
  DELETE FROM "neurondb_agent".idempotency_records i WHERE i.subject IN (
    SELECT m.id FROM "neurondb_agent".messages m WHERE m.session_id = ANY (its_sessions)
    UNION ALL SELECT unnest(its_sessions)
    UNION ALL SELECT unnest(its_agents));
  DELETE FROM "neurondb_agent".messages m WHERE m.session_id = ANY (its_sessions);
  DELETE FROM "neurondb_agent".sessions s WHERE s.id = ANY (its_sessions);
  DELETE FROM "neurondb_agent".agents a WHERE a.id = ANY (its_agents);
END
$$;
REVOKE ALL ON FUNCTION neuronha.forget_drill(text, uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION neuronha.forget_drill(text, uuid[]) TO "neurondb_drill";

CREATE TABLE IF NOT EXISTS neuronha.drills (
  started_at timestamptz NOT NULL,
  drill text NOT NULL,
  result jsonb NOT NULL,
  PRIMARY KEY (started_at, drill));
COMMENT ON TABLE neuronha.drills IS 'Results of drills, the newest 1000.';
REVOKE ALL ON TABLE neuronha.drills FROM PUBLIC;
GRANT USAGE ON SCHEMA neuronha TO "neurondb_drill";
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE neuronha.drills TO "neurondb_drill";
GRANT SELECT ON TABLE neuronha.drills TO "neuronha_controller", "neurondb_reader";
