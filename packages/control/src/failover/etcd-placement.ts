/**
 * Keeps etcd's leader off the primary's host: losing both at once costs an election before anything can be decided. Only
 * in calm, and seldom. With one failure domain there is nowhere else, and nothing is done.
 */
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { toPlatformError } from '@neuronha/core/errors.ts'
import { PORTS } from '@neuronha/core/topology/ports.ts'
import { z } from 'zod'
import type { EventLog } from '../events/event-log.ts'
import { bodyOf, type HttpClient } from '../observe/http-client.ts'

export interface EtcdPlace {
  readonly name: string
  readonly address: string
  readonly host: string
}

export interface EtcdPlacementOptions {
  readonly etcd: readonly EtcdPlace[]
  readonly http: HttpClient
  readonly lease: { isActive(): boolean }
  readonly events: Pick<EventLog, 'record'>
  /** Monotonic, milliseconds. */
  readonly now: () => number
}

/** The cluster must have been healthy with this pair of leaders for so long; also the rest between two moves. */
const CALM_MS = 30_000
const DEADLINE_MS = 2000

const statusBody = z.object({ header: z.object({ member_id: z.string() }) })

/** From which etcd member to which its leadership should go; undefined: it is where it should be. */
export function leadershipMove(
  { etcd, members }: Pick<ClusterStatus, 'etcd' | 'members'>,
  places: readonly EtcdPlace[],
): { readonly from: EtcdPlace; readonly to: EtcdPlace } | undefined {
  const placeOf = (name: string | undefined): EtcdPlace | undefined =>
    places.find((place) => place.name === name)
  const primary = members.find(({ role }) => role === 'primary')
  const from = placeOf(etcd.find(({ leader }) => leader)?.name)
  if (primary === undefined || from?.host !== primary.host) return undefined
  const to = etcd
    .filter(({ healthy }) => healthy)
    .map(({ name }) => placeOf(name))
    .find((place) => place !== undefined && place.host !== primary.host)
  return to && { from, to }
}

export class EtcdPlacement {
  readonly #options: EtcdPlacementOptions
  #calm: { readonly pair: string; readonly since: number } | undefined
  #moving: Promise<void> | undefined

  constructor(options: EtcdPlacementOptions) {
    this.#options = options
  }

  noteStatus(status: ClusterStatus): void {
    const { lease, now, etcd } = this.#options
    const move = leadershipMove(status, etcd)
    const mayMove = lease.isActive() && status.health === 'healthy' && status.maintenance === null
    if (move === undefined || !mayMove) {
      this.#calm = undefined
      return
    }
    const pair = `${move.from.name} ${move.to.name}`
    if (this.#calm?.pair !== pair) this.#calm = { pair, since: now() }
    if (now() - this.#calm.since < CALM_MS || this.#moving !== undefined) return
    this.#calm = undefined
    this.#moving = this.#move(move).finally(() => {
      this.#moving = undefined
    })
  }

  async close(): Promise<void> {
    await this.#moving
  }

  async #move({ from, to }: { readonly from: EtcdPlace; readonly to: EtcdPlace }): Promise<void> {
    const { http, events } = this.#options
    const signal = AbortSignal.timeout(DEADLINE_MS)
    const ask = async ({ address }: EtcdPlace, path: string, body: unknown): Promise<string> =>
      bodyOf(
        await http.post(
          `https://${address}:${PORTS.etcdClient}/v3/maintenance/${path}`,
          body,
          signal,
        ),
      )
    try {
      const { header } = statusBody.parse(JSON.parse(await ask(to, 'status', {})))
      await ask(from, 'transfer-leadership', { targetID: header.member_id })
      events.record({
        kind: 'etcd.leader-moved',
        severity: 'info',
        target: to.name,
        summary: `etcd is led by ${to.name} instead of ${from.name}, which shares a host with the primary`,
        evidence: { host: from.host },
      })
    } catch (thrown) {
      events.record({
        kind: 'etcd.leader-not-moved',
        severity: 'warning',
        target: from.name,
        summary: `etcd’s leadership could not be moved to ${to.name}: ${toPlatformError(thrown).message}`,
        evidence: { host: from.host },
      })
    }
  }
}
