/** The session's token, and the CSRF token that belongs to it. Only the token's SHA-256 is ever stored. */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

const TOKEN = /^[\w-]{43}$/

/** 256 random bits, base64url. */
export const createSessionToken = (): string => randomBytes(32).toString('base64url')

export const isSessionToken = (text: string): boolean => TOKEN.test(text)

/** As random as the token, so one SHA-256 is all the hashing it needs. */
export const hashSessionToken = (token: string): Buffer =>
  createHash('sha256').update(token).digest()

/** Follows from the session's token, so that every replica knows it and none stores it. */
export const csrfTokenOf = (token: string, signingKey: string): string =>
  createHmac('sha256', signingKey).update(`csrf.${token}`).digest('base64url')

export const isCsrfTokenOf = (given: string, token: string, signingKey: string): boolean => {
  const expected = Buffer.from(csrfTokenOf(token, signingKey))
  const actual = Buffer.from(given)
  return expected.length === actual.length && timingSafeEqual(expected, actual)
}
