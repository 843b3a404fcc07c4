/** The live topology: polled each second, kept while the API is away, judged for freshness. */
import { clusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { queryOptions, useQuery } from '@tanstack/react-query'
import { useEffect, useState, useSyncExternalStore } from 'react'
import { request } from '../api/client.ts'
import { toDisplayError, type DisplayError } from '../api/errors.ts'
import { freshnessOf, TICK_MS, type Freshness } from './freshness.ts'
import { nextView, type ClusterView } from './history.ts'

const POLL_MS = 1_000
/** A request that hangs longer than this is a failed one, so that the next is sent. */
const TIMEOUT_MS = 2_500

const CLUSTER_KEY = ['cluster'] as const

export const clusterQuery = queryOptions({
  queryKey: CLUSTER_KEY,
  queryFn: async ({ client, signal }): Promise<ClusterView> => {
    const { body, serverTimeMs } = await request({
      path: '/api/v1/cluster',
      schema: clusterStatus,
      signal,
      timeoutMs: TIMEOUT_MS,
    })
    const previous = client.getQueryData<ClusterView>(CLUSTER_KEY)
    return nextView(previous, { status: body, serverTimeMs, receivedMs: performance.now() })
  },
  refetchInterval: POLL_MS,
  refetchOnWindowFocus: 'always',
  staleTime: 0,
  gcTime: Infinity,
  retry: false,
  structuralSharing: false,
})

let resumedMs: number | null = null

const subscribeToVisibility = (notify: () => void): (() => void) => {
  const listener = (): void => {
    if (!document.hidden) resumedMs = performance.now()
    notify()
  }
  document.addEventListener('visibilitychange', listener)
  return () => {
    document.removeEventListener('visibilitychange', listener)
  }
}

/** When this tab was last shown again; null if it was never hidden. */
const useResumedMs = (): number | null =>
  useSyncExternalStore(subscribeToVisibility, () => resumedMs)

const readNow = (): number => performance.now()

/** The time, each tick, while mounted. */
export const useNowMs = (tickMs: number = TICK_MS): number => {
  const [nowMs, setNowMs] = useState(readNow)
  useEffect(() => {
    const timer = setInterval(() => setNowMs(readNow()), tickMs)
    return () => {
      clearInterval(timer)
    }
  }, [tickMs])
  return nowMs
}

export interface Cluster {
  /** Undefined until the first answer. */
  readonly view: ClusterView | undefined
  /** Of the newest request; null when it succeeded. */
  readonly error: DisplayError | null
  readonly retry: () => void
}

export const useCluster = (): Cluster => {
  const query = useQuery(clusterQuery)
  return {
    view: query.data,
    error: query.error === null ? null : toDisplayError(query.error),
    retry: () => void query.refetch(),
  }
}

/** Judges a view each tick. */
export const useFreshness = (view: ClusterView, isFailing: boolean): Freshness => {
  const nowMs = useNowMs()
  const resumed = useResumedMs()
  // A render between two ticks may already hold an observation that is newer than the tick.
  const atMs = Math.max(nowMs, view.observation.firstSeenMs)
  return freshnessOf({ observation: view.observation, nowMs: atMs, isFailing, resumedMs: resumed })
}
