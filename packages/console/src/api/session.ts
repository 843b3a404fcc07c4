/** Who is signed in. The session is an HttpOnly cookie; what the console keeps is the CSRF token. */
import { signedIn, type SignedIn } from '@neuronha/core/contracts/desktop.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { queryOptions, useQuery, type QueryClient } from '@tanstack/react-query'
import { z } from 'zod'
import { request } from './client.ts'
import { toApiError } from './errors.ts'

const AUTH = '/api/v1/auth'

const loadSession = async (signal: AbortSignal): Promise<SignedIn | null> => {
  try {
    const { body } = await request({ path: `${AUTH}/session`, schema: signedIn, signal })
    return body
  } catch (thrown) {
    if (toApiError(thrown).code === 'UNAUTHENTICATED') return null
    throw thrown
  }
}

/** Null: nobody is signed in. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => loadSession(signal),
  staleTime: 60_000,
  // Another tab may have signed in or out, which changes the CSRF token.
  refetchOnWindowFocus: 'always',
})

export const signIn = async (
  client: QueryClient,
  email: string,
  password: string,
): Promise<void> => {
  const { body } = await request({
    method: 'POST',
    path: `${AUTH}/sign-in`,
    body: { email, password },
    schema: signedIn,
  })
  client.setQueryData(sessionQuery.queryKey, body)
}

/** Forgets everything that was loaded for the account, also when the API cannot be told. */
export const signOut = async (client: QueryClient): Promise<void> => {
  const csrfToken = csrfTokenOf(client)
  try {
    await request({
      method: 'POST',
      path: `${AUTH}/sign-out`,
      csrfToken,
      body: {},
      schema: z.unknown(),
    })
  } catch (thrown) {
    if (toApiError(thrown).code !== 'UNAUTHENTICATED') throw thrown
  }
  client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' })
  client.setQueryData(sessionQuery.queryKey, null)
}

/** The token for unsafe requests. */
export const csrfTokenOf = (client: QueryClient): string => {
  const session = client.getQueryData(sessionQuery.queryKey)
  if (session === undefined || session === null)
    throw new PlatformError('UNAUTHENTICATED', 'Nobody is signed in.')
  return session.csrf_token
}

/** To be called when any request learns that the session has ended. */
export const markSignedOut = (client: QueryClient): void => {
  client.setQueryData(sessionQuery.queryKey, null)
}

export const useAccount = () => useQuery(sessionQuery).data?.account ?? null
