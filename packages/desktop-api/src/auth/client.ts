/** Whom a request comes from, as the edge says: services are reachable with a certificate of the cluster only. */
import { isIP } from 'node:net'
import { COOKIES } from '@neuronha/core/contracts/http-names.ts'
import type { FastifyRequest } from 'fastify'
import { isSessionToken } from './tokens.ts'

export interface ClientOrigin {
  readonly address: string
  readonly userAgent: string
  readonly requestId: string
}

const MAX_USER_AGENT = 300

export const clientOf = (request: FastifyRequest): ClientOrigin => {
  const real = request.headers['x-real-ip']
  return {
    address: typeof real === 'string' && isIP(real) !== 0 ? real : request.ip,
    userAgent: (request.headers['user-agent'] ?? '').slice(0, MAX_USER_AGENT),
    requestId: request.id,
  }
}

/** The session cookie's token, if it looks like one. */
export const sessionTokenOf = (request: FastifyRequest): string | undefined => {
  const prefix = `${COOKIES.session}=`
  const token = request.headers.cookie
    ?.split(';')
    .map((pair) => pair.trim())
    .find((pair) => pair.startsWith(prefix))
    ?.slice(prefix.length)
  return token !== undefined && isSessionToken(token) ? token : undefined
}

/** The browser keeps it from scripts and from requests of other sites that change something. */
export const sessionCookie = (token: string, maxAgeSeconds: number): string =>
  `${COOKIES.session}=${token}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; Secure; SameSite=Lax`
