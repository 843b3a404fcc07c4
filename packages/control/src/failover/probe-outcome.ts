/** What the end of a question to a member proves: that it wrote, that it speaks, that it lives, or nothing. */
/** An error in PostgreSQL's own words, or a kernel's refusal, comes from something alive. */
const ALIVE_ERRNO = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE'])
const codeOf = (thrown: unknown): string => {
  const cause: unknown =
    thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string'
    ? cause.code
    : ''
}
const isSqlState = (code: string): boolean =>
  /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]{4}$/.test(code)

export type Outcome = 'done' | 'spoke' | 'alive' | 'silent'

export const outcomeOf = (thrown: unknown): Exclude<Outcome, 'done'> => {
  const code = codeOf(thrown)
  if (isSqlState(code)) return 'spoke'
  return ALIVE_ERRNO.has(code) ? 'alive' : 'silent'
}

/**
 * It is shutting down, has crashed, or is starting; or the kernel says that nobody listens. Not 25006: a server that is not
 * promoted yet says it, but so does one whose administrator made transactions read-only.
 */
const AWAY_SQLSTATES = new Set(['57P01', '57P02', '57P03'])
export const saysNoWrites = (thrown: unknown): boolean => {
  const code = codeOf(thrown)
  return AWAY_SQLSTATES.has(code) || ALIVE_ERRNO.has(code)
}
