/** Throttling of sign-in, shared by all replicas: tries are counted before the password is looked at. */
import type { Sql } from '@neuronha/runtime/postgres/sql.ts'

export interface CountedAttempt {
  readonly subject: string
  readonly attempts: number
  /** Until the window ends. */
  readonly seconds_left: number
}

const COUNT_ATTEMPT = `
  INSERT INTO neurondb_desktop.sign_in_failures AS f (subject, attempts, window_ends_at)
  SELECT subject, 1, now() + make_interval(secs => $2)
  FROM unnest($1::text[]) AS subject ORDER BY subject
  ON CONFLICT (subject) DO UPDATE SET
    attempts = CASE WHEN f.window_ends_at <= now() THEN 1 ELSE least(f.attempts + 1, 1000000) END,
    window_ends_at = CASE WHEN f.window_ends_at <= now() THEN excluded.window_ends_at ELSE f.window_ends_at END
  RETURNING subject, attempts, greatest(1, ceil(extract(epoch FROM window_ends_at - now())))::int AS seconds_left`

export const countAttempt = (
  sql: Sql,
  subjects: readonly string[],
  windowSeconds: number,
): Promise<readonly CountedAttempt[]> =>
  sql.many<CountedAttempt>(COUNT_ATTEMPT, [subjects, windowSeconds])

/** A sign-in that succeeded was no failure. Rows that count nothing any more go, a few at a time. */
const FORGIVE = `
  UPDATE neurondb_desktop.sign_in_failures SET attempts = greatest(0, attempts - 1) WHERE subject = $1`
const CLEAR = 'DELETE FROM neurondb_desktop.sign_in_failures WHERE subject = $1'
const DELETE_ENDED = `
  DELETE FROM neurondb_desktop.sign_in_failures
  WHERE subject IN (
    SELECT subject FROM neurondb_desktop.sign_in_failures
    WHERE window_ends_at <= now() ORDER BY window_ends_at LIMIT 100 FOR UPDATE SKIP LOCKED)`

/** Takes one attempt back from the address, and all from the e-mail, whose owner has just shown up. */
export const forgiveAttempts = async (
  sql: Sql,
  { address, email }: { readonly address: string; readonly email: string },
): Promise<void> => {
  await sql.run(FORGIVE, [address])
  await sql.run(CLEAR, [email])
  await sql.run(DELETE_ENDED)
}
