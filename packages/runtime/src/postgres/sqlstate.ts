/**
 * The one place that knows what PostgreSQL, PgBouncer and `pg` mean by their errors. `pg` gives connection
 * failures no code at all, and PgBouncer says 08P01 for most of its own, so both are told apart here only.
 */
import { PlatformError } from '@neuronha/core/errors.ts'
import { BrokenCircuitError } from 'cockatiel'
import { DatabaseError } from 'pg'

/**
 * lost: the connection is gone or never was; nothing was committed unless COMMIT had been sent.
 * stale: the server is no longer (or not yet) the primary: every connection of the pool may lead to it.
 * contention: the server chose this transaction as a victim; the same one may be run again.
 * definite: the statement was refused and will be refused again.
 */
export type FailureClass = 'lost' | 'stale' | 'contention' | 'definite'

const STALE = new Set(['25006', '57P01'])
const CONTENTION = new Set(['40001', '40P01', '55P03'])
/** Shutting down, starting up, idle for too long, too many clients: the next try, perhaps elsewhere, may go through. */
const LOST = new Set(['25P03', '57P02', '57P03', '57P05', '53300'])

/** Words that `pg` puts into errors without a code. */
const LOST_MESSAGE =
  /connection terminated|connection timeout|timeout expired|exceeded when trying to connect|client was closed|not queryable|socket disconnected|query read timeout|cannot use a pool after/i

const SOCKET_CODE = /^(E[A-Z]+|ERR_(TLS|SSL|SOCKET|STREAM).*|CERT_.*)$/

const codeOf = (thrown: unknown): string | undefined =>
  thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string'
    ? thrown.code
    : undefined

const classifySqlState = (code: string): FailureClass => {
  if (STALE.has(code)) return 'stale'
  if (CONTENTION.has(code)) return 'contention'
  return LOST.has(code) || code.startsWith('08') ? 'lost' : 'definite'
}

const isLostConnection = (thrown: unknown): boolean => {
  if (thrown instanceof BrokenCircuitError) return true
  if (thrown instanceof PlatformError) return thrown.code === 'DATABASE_UNAVAILABLE'
  if (!(thrown instanceof Error)) return false
  return SOCKET_CODE.test(codeOf(thrown) ?? '') || LOST_MESSAGE.test(thrown.message)
}

/** What a failed statement or connection attempt means for the transaction that it was part of. */
export const classifyFailure = (thrown: unknown): FailureClass => {
  const sqlState = thrown instanceof DatabaseError ? codeOf(thrown) : undefined
  if (sqlState !== undefined) return classifySqlState(sqlState)
  return isLostConnection(thrown) ? 'lost' : 'definite'
}

/**
 * Did the other end itself say that there is no primary to talk to? Unlike a socket that broke, this is no
 * reason to doubt the pooler, and trying elsewhere will not help.
 */
export const saysPrimaryIsAway = (thrown: unknown): boolean => {
  if (thrown instanceof PlatformError) return saysPrimaryIsAway(thrown.cause)
  if (!(thrown instanceof DatabaseError)) return false
  const failure = classifyFailure(thrown)
  return failure === 'lost' || failure === 'stale'
}

const UNREPRESENTABLE = new Set(['22021', '22P02', '22P05', '22003', '22007', '22008', '22001'])

/** A failure as an error of ours. Errors that are not PostgreSQL's pass through unchanged. */
export const toDatabaseError = (thrown: unknown): unknown => {
  if (thrown instanceof PlatformError) return thrown
  if (classifyFailure(thrown) !== 'definite') {
    return new PlatformError('DATABASE_UNAVAILABLE', 'The database did not answer in time', {
      cause: thrown,
    })
  }
  if (!(thrown instanceof DatabaseError)) return thrown
  const code = thrown.code ?? ''
  if (code === '57014' || code.startsWith('53') || code.startsWith('58')) {
    return new PlatformError('DATABASE_UNAVAILABLE', 'The database could not finish a statement', {
      cause: thrown,
    })
  }
  if (code === '23505' || code === '23503' || code === '23P01') {
    return new PlatformError(
      'CONFLICT',
      'The database refused this: it collides with another row',
      {
        cause: thrown,
        details: { constraint: thrown.constraint },
      },
    )
  }
  if (UNREPRESENTABLE.has(code)) {
    return new PlatformError('BAD_REQUEST', `A value cannot be stored: ${thrown.message}`, {
      cause: thrown,
    })
  }
  return new PlatformError('INTERNAL', `PostgreSQL refused a statement: ${code}`, { cause: thrown })
}

/** An error of SQL that a user typed: PostgreSQL's own words, position included. */
export const toQueryError = (thrown: unknown): unknown => {
  if (!(thrown instanceof DatabaseError) || classifyFailure(thrown) === 'lost') {
    return toDatabaseError(thrown)
  }
  return new PlatformError('QUERY_FAILED', thrown.message, {
    cause: thrown,
    ...(thrown.hint === undefined ? {} : { hint: thrown.hint }),
    details: { sqlstate: thrown.code, position: thrown.position },
  })
}
