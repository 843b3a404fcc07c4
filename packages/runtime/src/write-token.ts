/**
 * Read-your-writes: where the caller's last write ended in the WAL, signed so that nobody can make
 * standbys wait for a place that does not exist. Travels in a header for programs and a cookie for browsers.
 *
 * A token names the timeline too: after a failover, the same LSN on another timeline is another history.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { COOKIES, HEADERS } from '@neuronha/core/contracts/http-names.ts'
import type { FastifyReply, FastifyRequest } from 'fastify'

export interface WriteToken {
  /** PostgreSQL's notation, for example 0/3000148. */
  readonly lsn: string
  readonly timeline: number
}

const LSN = /^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/i
const COOKIE_MAX_AGE_SECONDS = 3600

/** An LSN as one number to compare: 64 bits need a bigint. */
export const lsnToBigInt = (lsn: string): bigint => {
  const [high = '0', low = '0'] = lsn.split('/')
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`)
}

/** Has a server that stands at `position` everything that was written up to `token`? */
export const hasReached = (position: WriteToken, token: WriteToken): boolean =>
  position.timeline >= token.timeline && lsnToBigInt(position.lsn) >= lsnToBigInt(token.lsn)

const signature = (payload: string, key: string): Buffer =>
  createHmac('sha256', key).update(payload).digest().subarray(0, 16)

/** `<lsn>.<timeline>.<signature>`. */
export const signWriteToken = (token: WriteToken, key: string): string => {
  const payload = `${token.lsn.replace('/', '-')}.${token.timeline}`
  return `${payload}.${signature(payload, key).toString('base64url')}`
}

/** The token, or null when it was not signed with `key` (another cluster's cookie, for example). */
export const verifyWriteToken = (text: string, key: string): WriteToken | null => {
  const [position = '', timeline = '', signed = ''] = text.split('.')
  const lsn = position.replace('-', '/')
  if (!LSN.test(lsn) || !/^\d{1,10}$/.test(timeline)) return null
  const given = Buffer.from(signed, 'base64url')
  const expected = signature(`${position}.${timeline}`, key)
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null
  return { lsn, timeline: Number(timeline) }
}

const cookieValue = (header: string | undefined, name: string): string | undefined =>
  header
    ?.split(';')
    .map((pair) => pair.trim())
    .find((pair) => pair.startsWith(`${name}=`))
    ?.slice(name.length + 1)

/** The last write that the caller knows of: the newer of header and cookie. */
export const readWriteToken = (
  request: Pick<FastifyRequest, 'headers'>,
  key: string,
): WriteToken | undefined => {
  const header = request.headers[HEADERS.lastWrite]
  const texts = [
    typeof header === 'string' ? header : undefined,
    cookieValue(request.headers.cookie, COOKIES.lastWrite),
  ]
  const tokens = texts
    .map((text) => (text === undefined ? null : verifyWriteToken(text, key)))
    .filter((token) => token !== null)
  return tokens.reduce<WriteToken | undefined>(
    (newest, token) => (newest === undefined || hasReached(token, newest) ? token : newest),
    undefined,
  )
}

/** Tells the caller where its write ended, as header and as cookie. */
export const setWriteToken = (reply: FastifyReply, token: WriteToken, key: string): void => {
  const text = signWriteToken(token, key)
  void reply.header(HEADERS.lastWrite, text)
  void reply.header(
    'set-cookie',
    `${COOKIES.lastWrite}=${text}; Path=/; Max-Age=${COOKIE_MAX_AGE_SECONDS}; HttpOnly; Secure; SameSite=Strict`,
  )
}
