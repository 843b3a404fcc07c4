/** Looks at the cluster again and again while a drill runs, and notes what changed and when. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import type { TimelineEvent } from '@neuronha/core/contracts/drill-result.ts'
import { statusChanges } from './status-changes.ts'

/** Between two looks. Each costs the machine something that the drill then measures. */
const PERIOD_MS = 500

export interface ClusterWatch {
  readonly events: readonly TimelineEvent[]
  /**
   * Resolves with the time of the first look at which the cluster was whole again, confirmed by a fresh one,
   * or with null after `withinMs`.
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
  /** Looks again and again: light. */
  readonly observe: () => Promise<ClusterStatus>
  /** Confirms that the cluster is whole: fresh. */
  readonly confirm: () => Promise<ClusterStatus>
  /** Milliseconds since the load began. */
  readonly nowMs: () => number
  readonly signal?: AbortSignal
}

interface Look {
  readonly atMs: number
  readonly status: ClusterStatus
}

/** Starts to look; the first look is the state that changes are told against. */
export function watchCluster(options: WatchOptions): ClusterWatch {
  const { observe, confirm, nowMs, signal } = options
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
    const isWhole = async (status: ClusterStatus): Promise<boolean> =>
      status.health === 'healthy' && (await hasReturned(status))
    let seen = looks
    while (nowMs() - faultAtMs < withinMs) {
      signal?.throwIfAborted()
      await sleep(100)
      if (looks === seen || last === undefined) continue
      seen = looks
      const { atMs, status } = last
      if (
        atMs > faultAtMs + PERIOD_MS &&
        (await isWhole(status)) &&
        (await isWhole(await confirm()))
      )
        return atMs
    }
    return null
  }
  const stop = async (): Promise<void> => {
    stopped.abort()
    await running
  }
  return { events, untilWhole, stop }
}
