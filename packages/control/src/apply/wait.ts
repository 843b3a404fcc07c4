/** Waiting for the cluster, by looking at it: never by a fixed time. */
import { setTimeout as delay } from 'node:timers/promises'
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import type { Observer } from '../observe/create-observer.ts'
import { loadApplied, type StateFolder } from '../state/state-folder.ts'

const LOOK_EVERY_MS = 400
/** A database of terabytes. */
const COPY_TIMEOUT_MS = 24 * 3_600_000

/**
 * How long to wait for members: in the day after a restore, by this command or by one that was interrupted, each of them copies
 * the whole database.
 */
export async function patienceOf(state: StateFolder, usualMs: number): Promise<number> {
  const { restored } = (await loadApplied(state)) ?? {}
  const sinceMs = restored === undefined ? Infinity : Date.now() - Date.parse(restored.at)
  return sinceMs < COPY_TIMEOUT_MS ? COPY_TIMEOUT_MS : usualMs
}

export interface WaitOptions {
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** Told what is still missing, at every look. */
  readonly onLook?: (status: ClusterStatus) => void
}

/**
 * Looks until `isReached` says so, and returns that status.
 *
 * @throws PlatformError NOT_HEALTHY_IN_TIME with the last reasons; INTERRUPTED by the signal.
 */
export async function waitForStatus(
  observer: Pick<Observer, 'observe'>,
  what: string,
  isReached: (status: ClusterStatus) => boolean,
  options: WaitOptions,
): Promise<ClusterStatus> {
  const deadline = performance.now() + options.timeoutMs
  for (;;) {
    if (options.signal.aborted)
      throw new PlatformError('INTERRUPTED', `stopped while waiting for ${what}`)
    const status = await observer.observe()
    if (isReached(status)) return status
    options.onLook?.(status)
    if (performance.now() > deadline) {
      const missing = status.reasons.slice(0, 6).join('; ')
      throw new PlatformError(
        'NOT_HEALTHY_IN_TIME',
        `${what} was not reached within ${Math.round(options.timeoutMs / 1000)} s: ${missing}`,
        {
          hint: '`./neuronha status` shows the cluster, `./neuronha logs NAME` a container’s log; `up` can be run again.',
          details: { reasons: status.reasons },
        },
      )
    }
    await delay(LOOK_EVERY_MS, undefined, { signal: options.signal }).catch(() => undefined)
  }
}

/** The primary's container name, if there is one that runs. */
export const primaryOf = (status: ClusterStatus): string | undefined =>
  status.members.find(({ role, state }) => role === 'primary' && state === 'running')?.name

/** Is this container, whatever its component, serving? */
export function isServing(status: ClusterStatus, name: string): boolean {
  const member = status.members.find((candidate) => candidate.name === name)
  if (member) {
    return member.role === 'primary' ? member.state === 'running' : member.state === 'streaming'
  }
  const parts = [
    ...status.etcd,
    ...status.routers,
    ...status.poolers,
    ...status.edges,
    ...status.services,
    ...status.engine_proxies,
    ...status.controllers,
    ...status.prometheus,
    ...status.backups.stores,
  ]
  return parts.find((part) => part.name === name)?.healthy ?? false
}
