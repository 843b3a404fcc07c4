/**
 * What drills need in PostgreSQL beside their ledger: to count and to take away what their load wrote through the agent,
 * whose tables the role of drills may not touch, and a place for their results.
 */
import { ROLES, SCHEMAS } from '../topology/roles.ts'
import { quoteIdentifier, quoteLiteral } from './sql.ts'

const DRILL = quoteIdentifier(ROLES.drill.name)
const READERS = [ROLES.controller, ROLES.reader].map(({ name }) => quoteIdentifier(name)).join(', ')
const agent = quoteIdentifier(SCHEMAS.agent)
const drill = quoteIdentifier(SCHEMAS.drill)

/** The load generator's agent of a run. */
const AGENT_NAMES = quoteLiteral('drill-')

/** Of the given sessions those that belong to the load generator's own agents. */
const COUNT_MESSAGES = `
CREATE OR REPLACE FUNCTION neuronha.count_drill_messages(sessions uuid[])
RETURNS TABLE (content text, copies bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT m.content, count(*)
  FROM ${agent}.messages m
    JOIN ${agent}.sessions s ON s.id = m.session_id
    JOIN ${agent}.agents a ON a.id = s.agent_id
  WHERE m.role = 'user' AND m.session_id = ANY (sessions) AND starts_with(a.name, ${AGENT_NAMES})
  GROUP BY m.content;
END
$$;
REVOKE ALL ON FUNCTION neuronha.count_drill_messages(uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION neuronha.count_drill_messages(uuid[]) TO ${DRILL};`

/** What a run wrote on every path, and the noise beside it, whose marks begin with the run's. */
const FORGET_DRILL = `
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
  DELETE FROM ${drill}.ledger l WHERE starts_with(l.run, the_run);
  SELECT coalesce(array_agg(a.id), '{}') INTO its_agents
  FROM ${agent}.agents a WHERE a.name = ${AGENT_NAMES} || the_run;
  SELECT coalesce(array_agg(s.id), '{}') INTO its_sessions
  FROM ${agent}.sessions s WHERE s.agent_id = ANY (its_agents) OR (s.id = ANY (sessions) AND s.agent_id IN (
    SELECT a.id FROM ${agent}.agents a WHERE starts_with(a.name, ${AGENT_NAMES})));
  DELETE FROM ${agent}.idempotency_records i WHERE i.subject IN (
    SELECT m.id FROM ${agent}.messages m WHERE m.session_id = ANY (its_sessions)
    UNION ALL SELECT unnest(its_sessions)
    UNION ALL SELECT unnest(its_agents));
  DELETE FROM ${agent}.messages m WHERE m.session_id = ANY (its_sessions);
  DELETE FROM ${agent}.sessions s WHERE s.id = ANY (its_sessions);
  DELETE FROM ${agent}.agents a WHERE a.id = ANY (its_agents);
END
$$;
REVOKE ALL ON FUNCTION neuronha.forget_drill(text, uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION neuronha.forget_drill(text, uuid[]) TO ${DRILL};`

/** The newest that are kept. */
export const KEPT_RESULTS = 1000

const RESULTS = `
CREATE TABLE IF NOT EXISTS neuronha.drills (
  started_at timestamptz NOT NULL,
  drill text NOT NULL,
  result jsonb NOT NULL,
  PRIMARY KEY (started_at, drill));
COMMENT ON TABLE neuronha.drills IS ${quoteLiteral(`Results of drills, the newest ${KEPT_RESULTS}.`)};
REVOKE ALL ON TABLE neuronha.drills FROM PUBLIC;
GRANT USAGE ON SCHEMA neuronha TO ${DRILL};
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE neuronha.drills TO ${DRILL};
GRANT SELECT ON TABLE neuronha.drills TO ${READERS};`

/** Run as superuser, after the schema `neuronha` and the drills' own schema. */
export const DRILL_RECORDS: readonly string[] = [COUNT_MESSAGES, FORGET_DRILL, RESULTS]
