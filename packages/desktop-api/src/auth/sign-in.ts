/** Signing in and out. Nothing of it lives in this process: sessions and counters are in the database. */
import { createHash } from 'node:crypto'
import type { Account } from '@neuronha/core/contracts/desktop.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { newId, type Clock } from '@neuronha/runtime/clock.ts'
import type { Database } from '@neuronha/runtime/postgres/database.ts'
import type { WriteToken } from '@neuronha/runtime/write-token.ts'
import { findAccount, type AccountRow } from '../queries/accounts.ts'
import { insertAuditEvent, type AuditEvent } from '../queries/audit-events.ts'
import { deleteExpiredSessions, deleteSession, insertSession } from '../queries/sessions.ts'
import { countAttempt, forgiveAttempts, type CountedAttempt } from '../queries/sign-in-failures.ts'
import type { ClientOrigin } from './client.ts'
import type { Passwords } from './password.ts'
import { repeatUnknown } from './repeat-unknown.ts'
import { createSessionToken, hashSessionToken } from './tokens.ts'

export interface SignInDeps {
  readonly database: Database
  readonly passwords: Passwords
  readonly clock: Clock
  readonly sessionHours: number
}

export interface SignInAttempt {
  readonly email: string
  readonly password: string
  readonly client: ClientOrigin
  /** The session that the browser had until now; it ends. */
  readonly previousToken: string | undefined
}

export interface StartedSession {
  readonly token: string
  readonly account: Account
  readonly expiresAt: Date
  readonly written: WriteToken
}

const WINDOW_SECONDS = 15 * 60
const MAX_PER_EMAIL = 10
/** Many people may share one address, behind one router or one container bridge. */
const MAX_PER_ADDRESS = 100
const HOUR_MS = 3_600_000

/** Hashed, because people type passwords into the wrong field. */
const subjectsOf = (email: string, address: string) => ({
  email: `email:${createHash('sha256').update(email.toLowerCase()).digest('hex')}`,
  address: `address:${address}`,
})

const auditOf = (
  { client }: Pick<SignInAttempt, 'client'>,
  account: Account | undefined,
  event: Pick<AuditEvent, 'action' | 'outcome'>,
): AuditEvent => ({
  id: newId(),
  accountId: account?.id ?? null,
  email: account?.email ?? '',
  target: '',
  address: client.address,
  requestId: client.requestId,
  ...event,
})

/** Throws RATE_LIMITED when any subject has had its tries. */
const assertWithinLimits = (counted: readonly CountedAttempt[]): void => {
  const exceeded = counted.filter(
    ({ subject, attempts }) =>
      attempts > (subject.startsWith('email:') ? MAX_PER_EMAIL : MAX_PER_ADDRESS),
  )
  if (exceeded.length === 0) return
  const retryAfterSeconds = Math.max(...exceeded.map(({ seconds_left: left }) => left))
  throw new PlatformError('RATE_LIMITED', 'Too many sign-ins failed', {
    hint: `Try again in ${Math.ceil(retryAfterSeconds / 60)} minutes.`,
    details: { retryAfterSeconds },
  })
}

const startSession = async (
  { database, clock, sessionHours }: SignInDeps,
  attempt: SignInAttempt,
  account: AccountRow,
): Promise<StartedSession> => {
  const { client, previousToken } = attempt
  const token = createSessionToken()
  const expiresAt = new Date(clock.now() + sessionHours * HOUR_MS)
  const event = auditOf(attempt, account, { action: 'sign-in', outcome: 'done' })
  const { token: written } = await repeatUnknown(() =>
    database.write(async (sql) => {
      await insertSession(sql, {
        tokenHash: hashSessionToken(token),
        accountId: account.id,
        expiresAt,
        address: client.address,
        userAgent: client.userAgent,
      })
      if (previousToken !== undefined) await deleteSession(sql, hashSessionToken(previousToken))
      await forgiveAttempts(sql, subjectsOf(attempt.email, client.address))
      await deleteExpiredSessions(sql)
      await insertAuditEvent(sql, event)
    }),
  )
  const { id, email, role } = account
  return { token, account: { id, email, role }, expiresAt, written }
}

/** Starts a session. Throws UNAUTHENTICATED, or RATE_LIMITED with Retry-After. */
export const signIn = async (deps: SignInDeps, attempt: SignInAttempt): Promise<StartedSession> => {
  const { database, passwords } = deps
  const subjects = subjectsOf(attempt.email, attempt.client.address)
  const { value } = await database.write(async (sql) => ({
    counted: await countAttempt(sql, Object.values(subjects), WINDOW_SECONDS),
    account: await findAccount(sql, attempt.email),
  }))
  assertWithinLimits(value.counted)
  const { account } = value
  const isRight = await passwords.verify(attempt.password, account?.password_hash)
  if (account !== undefined && isRight) return startSession(deps, attempt, account)
  const event = auditOf(attempt, account, { action: 'sign-in', outcome: 'refused' })
  await repeatUnknown(() => database.write((sql) => insertAuditEvent(sql, event)))
  throw new PlatformError('UNAUTHENTICATED', 'The e-mail or the password is wrong')
}

export interface SignOutOptions {
  readonly token: string
  readonly account: Account
  readonly client: ClientOrigin
}

/** Ends a session; ending it twice is no error. */
export const signOut = async (
  database: Database,
  { token, account, client }: SignOutOptions,
): Promise<WriteToken> => {
  const event = auditOf({ client }, account, { action: 'sign-out', outcome: 'done' })
  const { token: written } = await repeatUnknown(() =>
    database.write(async (sql) => {
      await deleteSession(sql, hashSessionToken(token))
      await insertAuditEvent(sql, event)
    }),
  )
  return written
}
