/**
 * What a drill does in the database, as the superuser on the primary's local socket: reads back
 * what is really there, and deletes what the run wrote.
 */
import { PLATFORM_DATABASE, ROLES, SCHEMAS } from '@neuronha/core/topology/roles.ts'
import { execIn } from './faults/exec-in.ts'

const { agent, drill } = SCHEMAS

/** Rows of one script, as the superuser behind a member's own socket. */
export const psql = (member: string, sql: string): Promise<string> =>
  execIn(
    member,
    [
      'psql',
      '--no-psqlrc',
      '--host=/run/postgresql',
      `--username=${ROLES.superuser.name}`,
      `--dbname=${PLATFORM_DATABASE}`,
      '--set=ON_ERROR_STOP=1',
      '--quiet',
      '--tuples-only',
      '--no-align',
      '--field-separator=\t',
    ],
    sql,
  )

/** How many rows each id of a run has. */
export const countLedgerRows = async (
  primary: string,
  run: string,
): Promise<ReadonlyMap<string, number>> =>
  parseCounts(
    await psql(
      primary,
      `select id, count(*) from ${drill}.ledger where run = ${literal(run)} group by id;`,
    ),
  )

/** How many user messages each content has, in the sessions of a run. */
export const countMessages = async (
  primary: string,
  sessions: readonly string[],
): Promise<ReadonlyMap<string, number>> =>
  parseCounts(
    await psql(
      primary,
      `select content, count(*) from ${agent}.messages
       where role = 'user' and session_id = any (${uuids(sessions)}) group by content;`,
    ),
  )

/** Deletes what a run wrote on every path, and the noise beside it, whose marks begin with the run's. */
export async function deleteLeftovers(
  primary: string,
  run: string,
  sessions: readonly string[],
): Promise<void> {
  await psql(primary, `delete from ${drill}.ledger where starts_with(run, ${literal(run)});`)
  if (sessions.length === 0) return
  await psql(
    primary,
    `begin;
     delete from ${agent}.idempotency_records where subject in (
       select id from ${agent}.messages where session_id = any (${uuids(sessions)})
       union select id from ${agent}.sessions where id = any (${uuids(sessions)})
       union select id from ${agent}.agents where name = ${literal(`drill-${run}`)});
     delete from ${agent}.messages where session_id = any (${uuids(sessions)});
     delete from ${agent}.sessions where id = any (${uuids(sessions)});
     delete from ${agent}.agents where name = ${literal(`drill-${run}`)};
     commit;`,
  )
}

/** Lines of `key<tab>count`. */
export function parseCounts(text: string): ReadonlyMap<string, number> {
  const rows = text.split('\n').filter((line) => line !== '')
  return new Map(
    rows.map((line) => {
      const tab = line.lastIndexOf('\t')
      return [line.slice(0, tab), Number(line.slice(tab + 1))]
    }),
  )
}

/** A value in a statement. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`
const uuids = (ids: readonly string[]): string => `${literal(`{${ids.join(',')}}`)}::uuid[]`
