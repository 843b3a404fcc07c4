/**
 * Who is calling: the bearer key's organisation and role. A key that was found good is believed for five
 * seconds without asking the database, and one that was not for one second; so a revoked key works for at
 * most five seconds more, and requests do not pay a round trip each. Nothing else depends on this memory.
 */
import { PlatformError } from '@neuronha/core/errors.ts'
import { bearerToken, hashApiKey } from '@neuronha/runtime/api-keys.ts'
import type { Clock } from '@neuronha/runtime/clock.ts'
import type { Database } from '@neuronha/runtime/postgres/database.ts'
import { findKey, type KeyRole, type KeyRow } from './queries/api-keys.ts'

export interface Caller {
  readonly keyId: string
  readonly organisation: string
  readonly role: KeyRole
}

/** What a route needs: `read` any key, `write` user or admin, `admin` admin only. */
export type Access = 'read' | 'write' | 'admin'

const ROLES_WITH: Readonly<Record<Access, readonly KeyRole[]>> = {
  read: ['admin', 'user', 'read-only'],
  write: ['admin', 'user'],
  admin: ['admin'],
}

const BELIEVED_MS = 5000
const REFUSED_MS = 1000
/** More keys than this in use at the same time only means more look-ups. */
const REMEMBERED = 1000

interface Remembered {
  readonly caller: Caller | undefined
  readonly until: number
}

const unauthenticated = (): PlatformError =>
  new PlatformError('UNAUTHENTICATED', 'A valid API key is needed', {
    hint: 'Send it as `Authorization: Bearer nha_…`.',
  })

export interface Authenticator {
  /** Throws UNAUTHENTICATED. */
  authenticate(authorization: string | undefined): Promise<Caller>
}

export const createAuthenticator = (database: Database, clock: Clock): Authenticator => {
  const remembered = new Map<string, Remembered>()
  /** Look-ups under way: requests that come together ask once. */
  const asking = new Map<string, Promise<Caller | undefined>>()
  /** A standby may not know a key that was just made, so only the primary's "no" counts. */
  const lookUp = async (hash: Buffer): Promise<KeyRow | undefined> => {
    const { value, readFrom } = await database.read((sql) => findKey(sql, hash))
    if (value !== undefined || readFrom === 'primary') return value
    return (await database.write((sql) => findKey(sql, hash))).value
  }
  const remember = (name: string, row: KeyRow | undefined): Caller | undefined => {
    const caller = row && { keyId: row.id, organisation: row.organisation, role: row.role }
    const until = clock.now() + (caller === undefined ? REFUSED_MS : BELIEVED_MS)
    const endsAt = row?.expires_at?.getTime() ?? Infinity
    if (remembered.size >= REMEMBERED) remembered.clear()
    remembered.set(name, { caller, until: Math.min(until, endsAt) })
    return caller
  }
  const ask = (name: string, hash: Buffer): Promise<Caller | undefined> => {
    const started =
      asking.get(name) ??
      lookUp(hash)
        .then((row) => remember(name, row))
        .finally(() => asking.delete(name))
    asking.set(name, started)
    return started
  }
  return {
    authenticate: async (authorization) => {
      const key = bearerToken(authorization)
      if (key === null) throw unauthenticated()
      const hash = hashApiKey(key)
      const name = hash.toString('base64')
      const known = remembered.get(name)
      const isFresh = known !== undefined && known.until > clock.now()
      const caller = isFresh ? known.caller : await ask(name, hash)
      if (caller === undefined) throw unauthenticated()
      return caller
    },
  }
}

/** Throws FORBIDDEN when the caller's role does not reach. */
export const assertMay = (caller: Caller, access: Access): void => {
  if (ROLES_WITH[access].includes(caller.role)) return
  throw new PlatformError('FORBIDDEN', `A key with the role ${caller.role} may not do this`)
}
