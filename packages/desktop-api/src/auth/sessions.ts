/**
 * Who is signed in. A session that was found is believed for three seconds without asking the database; with
 * a standby's lag limit of one second on top, a sign-out holds everywhere within five. Nothing else depends
 * on this memory. A session that a standby does not know may be too young for it, so only the primary's "no"
 * counts.
 */
import { CSRF_HEADER, type Account } from '@neuronha/core/contracts/desktop.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import type { Clock } from '@neuronha/runtime/clock.ts'
import type { Database } from '@neuronha/runtime/postgres/database.ts'
import { readWriteToken, type WriteToken } from '@neuronha/runtime/write-token.ts'
import type { FastifyRequest } from 'fastify'
import { findSession, type SessionRow } from '../queries/sessions.ts'
import { sessionTokenOf } from './client.ts'
import { hashSessionToken, isCsrfTokenOf } from './tokens.ts'

export interface Session {
  readonly token: string
  readonly account: Account
  readonly expiresAt: Date
}

export interface Sessions {
  /** The request's session. Throws UNAUTHENTICATED, or FORBIDDEN for an unsafe method without its CSRF token. */
  require(request: FastifyRequest): Promise<Session>
  /** To be called when a session was ended here. */
  forget(token: string): void
}

export interface SessionsOptions {
  readonly database: Database
  readonly signingKey: string
  readonly clock: Clock
}

const BELIEVED_MS = 3000
/** More sessions than this at the same time only means more look-ups. */
const REMEMBERED = 1000

const SAFE_METHODS = new Set(['GET', 'HEAD'])

interface Remembered {
  readonly session: Session
  readonly until: number
}

const unauthenticated = (): PlatformError =>
  new PlatformError('UNAUTHENTICATED', 'Nobody is signed in', {
    hint: 'Sign in with POST /api/v1/auth/sign-in.',
  })

export const createSessions = ({ database, signingKey, clock }: SessionsOptions): Sessions => {
  const remembered = new Map<string, Remembered>()
  const lookUp = async (
    hash: Buffer,
    after: WriteToken | undefined,
  ): Promise<SessionRow | undefined> => {
    const { value, readFrom } = await database.read((sql) => findSession(sql, hash), { after })
    if (value !== undefined || readFrom === 'primary') return value
    return (await database.write((sql) => findSession(sql, hash))).value
  }
  const find = async (
    token: string,
    after: WriteToken | undefined,
  ): Promise<Session | undefined> => {
    const hash = hashSessionToken(token)
    const name = hash.toString('base64')
    const known = remembered.get(name)
    if (known !== undefined && known.until > clock.now()) return known.session
    remembered.delete(name)
    const askedAt = clock.now()
    const row = await lookUp(hash, after)
    if (row === undefined) return undefined
    const { id, email, role, expires_at: expiresAt } = row
    const session = { token, account: { id, email, role }, expiresAt }
    if (remembered.size >= REMEMBERED) remembered.clear()
    const until = Math.min(askedAt + BELIEVED_MS, expiresAt.getTime())
    remembered.set(name, { session, until })
    return session
  }
  return {
    require: async (request) => {
      const token = sessionTokenOf(request)
      if (token === undefined) throw unauthenticated()
      const session = await find(token, readWriteToken(request, signingKey))
      if (session === undefined) throw unauthenticated()
      if (SAFE_METHODS.has(request.method)) return session
      const given = request.headers[CSRF_HEADER]
      if (typeof given === 'string' && isCsrfTokenOf(given, token, signingKey)) return session
      throw new PlatformError(
        'FORBIDDEN',
        `The header ${CSRF_HEADER} is missing or not this session’s`,
        {
          hint: 'GET /api/v1/auth/session tells the token.',
        },
      )
    },
    forget: (token) => void remembered.delete(hashSessionToken(token).toString('base64')),
  }
}
