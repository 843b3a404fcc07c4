/** The one cache of the console, with the API's retry rule for reads. */
import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'
import { toApiError } from './errors.ts'
import { browserClock, retryPauseMs } from './retry.ts'
import { markSignedOut } from './session.ts'

const READ_RETRIES = 4

export const createQueryClient = (): QueryClient => {
  const onError = (thrown: unknown): void => {
    if (toApiError(thrown).code === 'UNAUTHENTICATED') markSignedOut(client)
  }
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        // Our own errors say more than the browser's guess about being online.
        networkMode: 'always',
        retry: (failures, thrown) => failures < READ_RETRIES && toApiError(thrown).isRetryable,
        retryDelay: (failures, thrown) =>
          retryPauseMs(failures + 1, toApiError(thrown).retryAfterMs, browserClock.random()),
      },
      mutations: { networkMode: 'always', retry: false },
    },
  })
  return client
}
