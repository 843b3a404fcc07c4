/**
 * The audit log's place in PostgreSQL. The table belongs to the superuser and is written through one function
 * only: whoever may execute it can add events, and nobody can change or take back one.
 */
import { EVENT_RETENTION_DAYS } from '../contracts/events.ts'
import { ROLES } from '../topology/roles.ts'
import { quoteIdentifier, quoteLiteral } from './sql.ts'

const CONTROLLER = quoteIdentifier(ROLES.controller.name)
const READERS = [ROLES.controller, ROLES.reader].map(({ name }) => quoteIdentifier(name)).join(', ')

/** Ids are compared byte by byte, as etcd compares keys. */
const TABLE = `
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
COMMENT ON TABLE neuronha.events IS ${quoteLiteral(`The audit log, kept for ${EVENT_RETENTION_DAYS} days. The newest events may still be in etcd.`)};`

/**
 * An event that is there already is touched, not skipped: what an earlier COMMIT left behind without its standbys'
 * acknowledgement would else be taken for archived, because a transaction that wrote nothing waits for no standby.
 */
const ARCHIVE_EVENTS = `
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
GRANT EXECUTE ON FUNCTION neuronha.archive_events(jsonb) TO ${CONTROLLER};`

/** In portions, so that none lasts longer than the role's statement timeout. */
const FORGET_OLD_EVENTS = `
CREATE OR REPLACE FUNCTION neuronha.forget_old_events() RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  WITH gone AS (
    DELETE FROM neuronha.events WHERE id IN (
      SELECT id FROM neuronha.events
      WHERE at < now() - interval '${EVENT_RETENTION_DAYS} days' ORDER BY id LIMIT 2000)
    RETURNING 1)
  SELECT count(*) FROM gone
$$;
REVOKE ALL ON FUNCTION neuronha.forget_old_events() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION neuronha.forget_old_events() TO ${CONTROLLER};`

/** Run as superuser, after the schema `neuronha` and who may use it. */
export const EVENTS_ARCHIVE: readonly string[] = [
  TABLE,
  'REVOKE ALL ON TABLE neuronha.events FROM PUBLIC;',
  `GRANT SELECT ON TABLE neuronha.events TO ${READERS};`,
  ARCHIVE_EVENTS,
  FORGET_OLD_EVENTS,
]
