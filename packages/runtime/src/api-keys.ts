/**
 * API keys are 256-bit random, so one SHA-256 is all the hashing they need: a slow hash protects guessable
 * secrets only, and costs a core per request. Stored are the hash and a prefix that a person recognises.
 */
import { createHash, timingSafeEqual } from 'node:crypto'

const PREFIX = 'nha_'
/** How much of a key is shown: the constant part and six characters. */
const SHOWN = PREFIX.length + 6

export const hashApiKey = (key: string): Buffer => createHash('sha256').update(key).digest()

export const apiKeyPrefix = (key: string): string => key.slice(0, SHOWN)

/** The token of an `Authorization: Bearer …` header, or null. */
export const bearerToken = (authorization: string | undefined): string | null =>
  /^Bearer ([\x21-\x7e]{1,500})$/i.exec(authorization ?? '')?.[1] ?? null

/** Compares two hashes of the same length without telling by its time where they differ. */
export const isSameHash = (one: Buffer, other: Buffer): boolean =>
  one.length === other.length && timingSafeEqual(one, other)
