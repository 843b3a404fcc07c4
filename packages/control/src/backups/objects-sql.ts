/** The SQL that sets tables and schemas of a restored copy apart, so that a dump of them can be loaded beside what is there. Pure. */
import type { WantedObjects } from '@neuronha/core/contracts/restore.ts'
import { quoteIdentifier, quoteLiteral } from '@neuronha/core/render/sql.ts'

/** PostgreSQL cuts longer names off, silently. */
const LONGEST_NAME = 63

export interface RenamedSchema {
  readonly schema: string
  readonly into: string
}

const bytesOf = (text: string): number => Buffer.byteLength(text)

function renamed(schema: string, suffix: string): RenamedSchema {
  let kept = schema
  while (bytesOf(kept) + bytesOf(suffix) > LONGEST_NAME)
    kept = Array.from(kept).slice(0, -1).join('')
  return { schema, into: `${kept}${suffix}` }
}

/** Each schema that something is taken from, and what it becomes, in the order of their names. */
export const schemasOf = ({
  tables,
  schemas,
  suffix,
}: Pick<WantedObjects, 'tables' | 'schemas' | 'suffix'>): readonly RenamedSchema[] =>
  [...new Set([...schemas, ...tables.map(({ schema }) => schema)])]
    .sort()
    .map((schema) => renamed(schema, suffix))

const values = (rows: readonly (readonly string[])[]): string =>
  rows.map((row) => `(${row.map((value) => `${quoteLiteral(value)}::text`).join(', ')})`).join(', ')

/** Tables, as a query of (schema, name, new_schema). Those of a schema that is taken as a whole come with it. */
const wantedTables = (wanted: WantedObjects): string => {
  const rows = wanted.tables
    .filter(({ schema }) => !wanted.schemas.includes(schema))
    .map(({ schema, name }) => [schema, name, renamed(schema, wanted.suffix).into])
  return rows.length === 0
    ? `SELECT ''::text AS schema, ''::text AS name, ''::text AS new_schema WHERE false`
    : `SELECT * FROM (VALUES ${values(rows)}) AS wanted (schema, name, new_schema)`
}

const schemaNames = ({ schemas }: WantedObjects): string =>
  `ARRAY[${schemas.map(quoteLiteral).join(', ')}]::text[]`

const TABLE_KINDS = `('r', 'p')`

/** A JSON array of what is not there: `table public.orders`, `schema billing`. */
export const missingObjectsSql = (wanted: WantedObjects): string =>
  `SELECT coalesce(json_agg(word ORDER BY word), '[]') FROM (
  SELECT format('table %s.%s', schema, name) FROM (${
    wanted.tables.length === 0
      ? `SELECT ''::text AS schema, ''::text AS name WHERE false`
      : `SELECT * FROM (VALUES ${values(wanted.tables.map(({ schema, name }) => [schema, name]))}) AS wanted (schema, name)`
  }) AS wanted
  WHERE NOT EXISTS (SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = schema AND c.relname = name AND c.relkind IN ${TABLE_KINDS})
  UNION ALL
  SELECT format('schema %s', schema) FROM unnest(${schemaNames(wanted)}) AS schema
  WHERE NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = schema)
) AS missing (word)`

/**
 * Moves them; psql runs each line that ends in \gexec. Partitions go with their table; a partition that was asked for alone is
 * one no more. Foreign keys to what stays behind, and triggers, whose functions may be gone, are dropped, and counted: the
 * answer is `{"foreignKeys": …, "triggers": …}`.
 */
export function moveObjectsSql(wanted: WantedObjects): string {
  const into = schemasOf(wanted)
  const made = into.filter(({ schema }) => !wanted.schemas.includes(schema))
  const target = `ARRAY[${into.map((schema) => quoteLiteral(schema.into)).join(', ')}]::text[]`
  const isTaken = (relation: string): string =>
    `(SELECT n.nspname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = ${relation}) = ANY (${target})`
  const foreignKeys = `FROM pg_constraint AS k WHERE k.contype = 'f' AND k.conparentid = 0 AND ${isTaken('k.conrelid')} AND NOT ${isTaken('k.confrelid')}`
  const triggers = `FROM pg_trigger AS t WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND ${isTaken('t.tgrelid')}`
  return [
    `SET search_path = pg_catalog;`,
    'BEGIN;',
    `CREATE TEMP TABLE taken AS WITH RECURSIVE tree AS (
  SELECT c.oid, wanted.new_schema FROM (${wantedTables(wanted)}) AS wanted
  JOIN pg_namespace AS n ON n.nspname = wanted.schema
  JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = wanted.name
  UNION SELECT i.inhrelid, tree.new_schema FROM pg_inherits AS i JOIN tree ON tree.oid = i.inhparent
) SELECT DISTINCT ON (oid) oid, new_schema FROM tree ORDER BY oid;`,
    ...made.map((schema) => `CREATE SCHEMA ${quoteIdentifier(schema.into)};`),
    `SELECT CASE WHEN c.relispartition THEN format('ALTER TABLE %s DETACH PARTITION %s', i.inhparent::regclass, c.oid::regclass)
  ELSE format('ALTER TABLE %s NO INHERIT %s', c.oid::regclass, i.inhparent::regclass) END
  FROM taken JOIN pg_class AS c ON c.oid = taken.oid JOIN pg_inherits AS i ON i.inhrelid = c.oid
  WHERE i.inhparent NOT IN (SELECT oid FROM taken) \\gexec`,
    `SELECT format('ALTER TABLE %s SET SCHEMA %I', oid::regclass, new_schema) FROM taken \\gexec`,
    ...into
      .filter(({ schema }) => wanted.schemas.includes(schema))
      .map(
        (schema) =>
          `ALTER SCHEMA ${quoteIdentifier(schema.schema)} RENAME TO ${quoteIdentifier(schema.into)};`,
      ),
    `CREATE TEMP TABLE left_out AS SELECT (SELECT count(*) ${foreignKeys}) AS "foreignKeys", (SELECT count(*) ${triggers}) AS "triggers";`,
    `SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::regclass, k.conname) ${foreignKeys} \\gexec`,
    `SELECT format('DROP TRIGGER %I ON %s', t.tgname, t.tgrelid::regclass) ${triggers} \\gexec`,
    `SELECT row_to_json(left_out) FROM left_out;`,
    'COMMIT;',
  ].join('\n')
}

/** What the new schemas hold, as JSON: a partitioned table once, with the rows of all its partitions. */
export const tablesSql = (wanted: WantedObjects): string =>
  `SELECT coalesce(json_agg(json_build_object('schema', renamed.schema, 'name', c.relname, 'into', renamed.new_schema, 'rows',
  (xpath('/row/rows/text()', query_to_xml(format('SELECT count(*) AS rows FROM %I.%I', n.nspname, c.relname), false, true, '')))[1]::text::bigint)
  ORDER BY renamed.new_schema, c.relname), '[]')
FROM (VALUES ${values(schemasOf(wanted).map(({ schema, into }) => [schema, into]))}) AS renamed (schema, new_schema)
JOIN pg_namespace AS n ON n.nspname = renamed.new_schema
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relkind IN ${TABLE_KINDS} AND NOT c.relispartition`
