/** Bearer keys of the configuration. Compared as SHA-256, and every key every time, so that time tells nothing. */
import { bearerToken, hashApiKey, isSameHash } from '@neuronha/runtime/api-keys.ts'
import type { AuthInfo } from '@modelcontextprotocol/server'

export interface NamedKey {
  readonly name: string
  readonly key: string
}

export type Authenticate = (authorization: string | undefined) => AuthInfo | undefined

/** Long enough for any call; the key itself is checked again with the next one. */
const VALID_SECONDS = 3600

/** Who the header belongs to; undefined when it is missing or its key is unknown. */
export const createAuthenticate = (keys: readonly NamedKey[]): Authenticate => {
  const known = keys.map(({ name, key }) => ({ name, hash: hashApiKey(key) }))
  return (authorization) => {
    const token = bearerToken(authorization)
    if (token === null) return undefined
    const hash = hashApiKey(token)
    const matching = known.filter((candidate) => isSameHash(candidate.hash, hash))
    const [match] = matching
    if (match === undefined) return undefined
    const expiresAt = Math.floor(Date.now() / 1000) + VALID_SECONDS
    // The key itself goes no further: tools have no use for it.
    return { token: '', clientId: match.name, scopes: ['read'], expiresAt }
  }
}
