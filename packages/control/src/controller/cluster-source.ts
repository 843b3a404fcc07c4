/**
 * The answer to "how is the cluster?". The active controller answers from its last look. A standby passes the
 * question on to the active one, so that everybody hears one story; when that one is silent, it looks for itself.
 * A question that was passed on once is never passed on again.
 */
import { clusterStatus, type ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { PORTS } from '@neuronha/core/topology/ports.ts'
import { bodyOf, type HttpClient } from '../observe/http-client.ts'
import type { ObservationLoop } from './observation-loop.ts'

export interface ClusterSourceOptions {
  readonly replica: string
  readonly controllers: readonly { readonly name: string; readonly address: string }[]
  readonly lease: { isActive(): boolean; lastHolder(): string | null }
  readonly observations: Pick<ObservationLoop, 'fresh'>
  readonly http: HttpClient
  /** How old an answer of one's own may be, milliseconds. */
  readonly maxAgeMs: number
  readonly forwardTimeoutMs: number
}

export type ClusterSource = (request: { readonly passedOn: boolean }) => Promise<ClusterStatus>

/** Marks a question that another controller passed on. */
export const PASSED_ON_HEADER = 'x-neuronha-passed-on'

export function createClusterSource(options: ClusterSourceOptions): ClusterSource {
  const { replica, controllers, lease, observations, http } = options

  const askActive = async (): Promise<ClusterStatus | undefined> => {
    const holder = lease.lastHolder()
    const active = controllers.find(({ name }) => name === holder && name !== replica)
    if (active === undefined) return undefined
    const url = `https://${active.address}:${PORTS.controller}/v1/cluster`
    const signal = AbortSignal.timeout(options.forwardTimeoutMs)
    try {
      const answer = await http.get(url, signal, { [PASSED_ON_HEADER]: replica })
      return clusterStatus.parse(JSON.parse(bodyOf(answer)))
    } catch {
      return undefined
    }
  }

  return async ({ passedOn }) => {
    const passed = passedOn || lease.isActive() ? undefined : await askActive()
    return passed ?? (await observations.fresh(options.maxAgeMs)).status
  }
}
