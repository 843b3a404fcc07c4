/** Looks at the cluster again and again while a drill runs, and notes what changed and when. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import type { TimelineEvent } from '@neuronha/core/contracts/drill-result.ts'
import type { Sight } from './scenarios/scenario.ts'
import { statusChanges } from './status-changes.ts'
import { isWhole } from './wholeness.ts'

/** Between two looks. Each costs the machine something that the drill then measures. */
const PERIOD_MS = 500

export interface ClusterWatch {
  readonly events: readonly TimelineEvent[]
  readonly sights: readonly Sight[]
  /**
   * Resolves with the time of the first look at which the cluster was whole again, confirmed by a fresh one,
   * or with null after `withinMs`.
   */
  readonly untilWhole: (options: UntilWholeOptions) => Promise<number | null>
  readonly stop: () => Promise<void>
}

export interface UntilWholeOptions {
  /** Looks from before this moment do not count: the fault, or the end of the heal. */
  readonly sinceMs: number
  readonly withinMs: number
  readonly hasReturned: (status: ClusterStatus) => boolean | Promise<boolean>
}

export interface WatchOptions {
  /** Looks again and again: light. */
  readonly observe: () => Promise<ClusterStatus>
  /** Confirms that the cluster is whole: fresh. */
  readonly confirm: () => Promise<ClusterStatus>
  /** Milliseconds since the load began. */
  readonly nowMs: () => number
  readonly withController: boolean
  readonly signal?: AbortSignal
}

interface Look {
  readonly atMs: number
  readonly status: ClusterStatus
}

const sightOf = ({ atMs, status }: Look): Sight => {
  const primary = status.members.find(({ role }) => role === 'primary')
  return {
    atMs,
    primary: primary?.name ?? null,
    timeline: primary?.timeline ?? null,
    readsFrom: new Map(status.routers.map(({ name, read_from }) => [name, read_from])),
  }
}

/** Starts to look; the first look is the state that changes are told against. */
export function watchCluster(options: WatchOptions): ClusterWatch {
  const { observe, confirm, nowMs, signal, withController } = options
  const events: TimelineEvent[] = []
  const sights: Sight[] = []
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
    sights.push(sightOf(last))
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

  const untilWhole: ClusterWatch['untilWhole'] = async ({ sinceMs, withinMs, hasReturned }) => {
    const isBack = async (status: ClusterStatus): Promise<boolean> =>
      isWhole(status, withController) && (await hasReturned(status))
    const untilMs = nowMs() + withinMs
    let seen = looks
    while (nowMs() < untilMs) {
      signal?.throwIfAborted()
      await sleep(100)
      if (looks === seen || last === undefined) continue
      seen = looks
      const { atMs, status } = last
      if (atMs > sinceMs + PERIOD_MS && (await isBack(status)) && (await isBack(await confirm())))
        return atMs
    }
    return null
  }
  const stop = async (): Promise<void> => {
    stopped.abort()
    await running
  }
  return { events, sights, untilWhole, stop }
}
