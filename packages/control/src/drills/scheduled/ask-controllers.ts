/** The cluster as its controllers see it: the runner of drills needs no eyes of its own. */
import { clusterStatus, type ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import type { PlatformEvent } from '@neuronha/core/contracts/coordination.ts'
import { eventsPage } from '@neuronha/core/contracts/events.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { PORTS } from '@neuronha/core/topology/ports.ts'
import { sleep } from '@neuronha/runtime/clock.ts'
import { bodyOf, jsonOf, type HttpClient } from '../../observe/http-client.ts'

const TRY_MS = 4000
/** Longer than the other controller needs to take over. */
const PATIENCE_MS = 20_000
const PAUSE_MS = 250
const EVENTS_PER_PAGE = 500

export interface ControllersView {
  readonly observe: () => Promise<ClusterStatus>
  readonly events: (fromMs: number, untilMs: number) => Promise<readonly PlatformEvent[]>
}

export function askControllers(
  controllers: readonly { readonly name: string; readonly address: string }[],
  http: Pick<HttpClient, 'get'>,
): ControllersView {
  /** The answer of whoever answers first, asked in order; the one that did comes first the next time. */
  let order = [...controllers]
  const ask = async (path: string): Promise<unknown> => {
    const untilMs = performance.now() + PATIENCE_MS
    let failure: unknown
    do {
      for (const controller of order) {
        try {
          const url = `https://${controller.address}:${PORTS.controller}${path}`
          const answer = await http.get(url, AbortSignal.timeout(TRY_MS))
          bodyOf(answer)
          order = [controller, ...order.filter((other) => other !== controller)]
          return jsonOf(answer)
        } catch (thrown) {
          failure = thrown
        }
      }
      await sleep(PAUSE_MS)
    } while (performance.now() < untilMs)
    throw new PlatformError('CLUSTER_DEGRADED', 'no controller says how the cluster is', {
      cause: failure,
    })
  }
  return {
    observe: async () => clusterStatus.parse(await ask('/v1/cluster')),
    events: async (fromMs, untilMs) => {
      const since = new Date(fromMs).toISOString()
      const items: PlatformEvent[] = []
      let before = ''
      for (;;) {
        const page = eventsPage.parse(
          await ask(`/v1/events?since=${since}&limit=${EVENTS_PER_PAGE}${before}`),
        )
        items.unshift(...page.items)
        const [oldest] = page.items
        if (!page.has_older || oldest === undefined) break
        before = `&before=${oldest.id}`
      }
      return items.filter(({ at }) => Date.parse(at) <= untilMs)
    },
  }
}
