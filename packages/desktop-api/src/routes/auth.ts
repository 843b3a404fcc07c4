/** Signing in and out, and who is signed in. */
import { signedIn, signInInput, type SignedIn } from '@neuronha/core/contracts/desktop.ts'
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import type { App } from '@neuronha/runtime/http-host.ts'
import { setWriteToken } from '@neuronha/runtime/write-token.ts'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { clientOf, sessionCookie, sessionTokenOf } from '../auth/client.ts'
import type { Session, Sessions } from '../auth/sessions.ts'
import { signIn, signOut, type SignInDeps } from '../auth/sign-in.ts'
import { csrfTokenOf } from '../auth/tokens.ts'

export interface AuthRoutesOptions extends SignInDeps {
  readonly sessions: Sessions
  readonly signingKey: string
  readonly onSignIn: (outcome: string) => void
}

const HOUR_SECONDS = 3600

/** A form on another site must not sign this browser in to an account of its author. */
const assertSameSite = (request: FastifyRequest): void => {
  if (request.headers['sec-fetch-site'] !== 'cross-site') return
  throw new PlatformError('FORBIDDEN', 'Sign-in is not for pages of another site')
}

type KnownSession = Pick<Session, 'token' | 'account' | 'expiresAt'>

export const addAuthRoutes = (app: App, options: AuthRoutesOptions): void => {
  const { database, sessions, signingKey, sessionHours, onSignIn } = options
  const answerOf = ({ token, account, expiresAt }: KnownSession): SignedIn => ({
    account,
    csrf_token: csrfTokenOf(token, signingKey),
    expires_at: expiresAt.toISOString(),
  })

  app.post(
    '/api/v1/auth/sign-in',
    {
      schema: {
        tags: ['auth'],
        summary: 'Sign in; the session is an HttpOnly cookie',
        body: signInInput,
        response: { 200: signedIn },
      },
    },
    async (request, reply) => {
      assertSameSite(request)
      const { email, password } = request.body
      const previousToken = sessionTokenOf(request)
      try {
        const attempt = { email, password, client: clientOf(request), previousToken }
        const session = await signIn(options, attempt)
        onSignIn('done')
        if (previousToken !== undefined) sessions.forget(previousToken)
        setWriteToken(reply, session.written, signingKey)
        void reply.header('set-cookie', sessionCookie(session.token, sessionHours * HOUR_SECONDS))
        return answerOf(session)
      } catch (thrown) {
        onSignIn(toPlatformError(thrown).code)
        throw thrown
      }
    },
  )

  app.get(
    '/api/v1/auth/session',
    {
      schema: {
        tags: ['auth'],
        summary: 'Who is signed in, and the CSRF token of the session',
        response: { 200: signedIn },
      },
    },
    async (request) => answerOf(await sessions.require(request)),
  )

  app.post(
    '/api/v1/auth/sign-out',
    {
      schema: { tags: ['auth'], summary: 'End the session', response: { 204: z.null() } },
    },
    async (request, reply) => {
      const { token, account } = await sessions.require(request)
      const written = await signOut(database, { token, account, client: clientOf(request) })
      sessions.forget(token)
      setWriteToken(reply, written, signingKey)
      void reply.header('set-cookie', sessionCookie('', 0))
      return reply.status(204).send(null)
    },
  )
}
