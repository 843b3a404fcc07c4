/** Looks at the cluster again and again while a drill runs, and notes what changed and when. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import type { TimelineEvent } from '@neuronha/core/contracts/drill-result.ts'
import { statusChanges } from './status-changes.ts'

/** Between two looks. Each costs the machine something that the drill then measures. */
const PERIOD_MS = 400

export interface ClusterWatch {
  readonly events: readonly TimelineEvent[]
  /**
   * Resolves with the time at which the cluster was whole again and stayed so for two looks, or with null
   * after `withinMs`.
   */
  readonly untilWhole: (options: UntilWholeOptions) => Promise<number | null>
  readonly stop: () => Promise<void>
}

export interface UntilWholeOptions {
  readonly faultAtMs: number
  readonly withinMs: number
  readonly hasReturned: (status: ClusterStatus) => Promise<boolean>
}

export interface WatchOptions {
  readonly observe: () => Promise<ClusterStatus>
  /** Milliseconds since the load began. */
  readonly nowMs: () => number
  readonly signal?: AbortSignal
}

interface Look {
  readonly atMs: number
  readonly status: ClusterStatus
}

/** Starts to look; the first look is the state that changes are told against. */
export function watchCluster({ observe, nowMs, signal }: WatchOptions): ClusterWatch {
  const events: TimelineEvent[] = []
  let last: Look | undefined
  let looks = 0
  const stopped = new AbortController()
  const ending = AbortSignal.any([stopped.signal, ...(signal === undefined ? [] : [signal])])

  const lookOnce = async (): Promise<void> => {
    const status = await observe()
    const atMs = Math.round(nowMs())
    if (last !== undefined) {
      const changes = statusChanges(last.status, status)
      events.push(...changes.map((what) => ({ atMs, what, source: 'observed' })))
    }
    last = { atMs, status }
    looks += 1
  }
  const loop = async (): Promise<void> => {
    while (!ending.aborted) {
      // A look that fails is no evidence of anything; the next one follows at once.
      await lookOnce().catch(() => undefined)
      await sleep(PERIOD_MS)
    }
  }
  const running = loop()

  const untilWhole: ClusterWatch['untilWhole'] = async ({ faultAtMs, withinMs, hasReturned }) => {
    let wholeSinceMs: number | null = null
    let seen = looks
    while (nowMs() - faultAtMs < withinMs) {
      signal?.throwIfAborted()
      await sleep(100)
      if (looks === seen || last === undefined) continue
      seen = looks
      const { atMs, status } = last
      const isWhole =
        atMs > faultAtMs + PERIOD_MS && status.health === 'healthy' && (await hasReturned(status))
      if (isWhole && wholeSinceMs !== null) return wholeSinceMs
      wholeSinceMs = isWhole ? atMs : null
    }
    return null
  }
  const stop = async (): Promise<void> => {
    stopped.abort()
    await running
  }
  return { events, untilWhole, stop }
}
