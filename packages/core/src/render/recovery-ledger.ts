/**
 * The ledger that restore tests compare with: a row every few seconds, numbered without gaps, written by the active
 * controller and acknowledged like every other commit. A restored copy must have every number up to its target.
 *
 * A restore test begins with a mark: the ledger's number and the chosen tables' hashes, as of one moment in which nobody
 * writes to those tables, and a restore point right after it.
 */
import { ROLES } from '../topology/roles.ts'
import { quoteIdentifier } from './sql.ts'

const CONTROLLER = quoteIdentifier(ROLES.controller.name)

/** Half a month at one every ten seconds: longer than backups of the default retention reach back. */
const ROWS_KEPT = 130_000

const TABLE = `
CREATE TABLE IF NOT EXISTS neuronha.ledger (
  seq bigint PRIMARY KEY,
  at timestamptz NOT NULL);
COMMENT ON TABLE neuronha.ledger IS 'Numbered without gaps: a restored copy that lacks a number has lost a commit.';`

/** Two at once would take the same number: the second fails, and tries again later. */
const WRITE = `
CREATE OR REPLACE FUNCTION neuronha.write_ledger() RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  DELETE FROM neuronha.ledger WHERE seq <= (SELECT max(seq) FROM neuronha.ledger) - ${ROWS_KEPT};
  INSERT INTO neuronha.ledger (seq, at)
  SELECT coalesce(max(seq), 0) + 1, clock_timestamp() FROM neuronha.ledger
  RETURNING seq
$$;
REVOKE ALL ON FUNCTION neuronha.write_ledger() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION neuronha.write_ledger() TO ${CONTROLLER};`

/** A row's text must not depend on who asks. */
const TABLE_MARKS = `
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
REVOKE ALL ON FUNCTION neuronha.table_marks(text[]) FROM PUBLIC;`

/** The locks are held up to COMMIT, so the mark is what the restore point finds. */
const MARK = `
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
GRANT EXECUTE ON FUNCTION neuronha.mark_restore_test(text[]) TO ${CONTROLLER};`

/** Closes the segment, so that it can be restored from as soon as it is archived. */
const RESTORE_POINT = `
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
GRANT EXECUTE ON FUNCTION neuronha.set_restore_point(text) TO ${CONTROLLER};`

/** Run as superuser, after the schema `neuronha` and who may use it. */
export const RECOVERY_LEDGER: readonly string[] = [
  TABLE,
  'REVOKE ALL ON TABLE neuronha.ledger FROM PUBLIC;',
  WRITE,
  TABLE_MARKS,
  MARK,
  RESTORE_POINT,
]
