/**
 * Has the primary archive segments that the archive lacks: they waited on a primary that is gone, and this one, which was its
 * standby, has the same ones and counts them as archived. It does what PostgreSQL does when a segment is closed: an empty file
 * `<segment>.ready`. The end of the present segment wakes the archiver, which would look for it once a minute otherwise. A segment
 * that is in the archive after all does no harm: pgBackRest compares the two.
 *
 * Only what is closed, and whole: before the segment that is written now. What an old timeline has beyond the point where it
 * ended is removed by a promotion, and its last piece is called `.partial`.
 */
import { ROLES } from '../topology/roles.ts'
import { quoteIdentifier } from './sql.ts'

const CONTROLLER = quoteIdentifier(ROLES.controller.name)

/** Run as superuser, after the schema `neuronha`. Returns the segments that it has found. */
export const ARCHIVE_AGAIN = `
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
GRANT EXECUTE ON FUNCTION neuronha.archive_again(text[]) TO ${CONTROLLER};`
