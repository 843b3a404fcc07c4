/**
 * Holds: what a planned act (`up`, a drill, a restart) tells the controller to leave alone while it lasts. They hang
 * on one etcd lease that this process keeps alive, so that a killed CLI gives everything back within seconds.
 */
import { coordinationKeys, hold, type Hold } from '@neuronha/core/contracts/coordination.ts'
import type { Kv } from '../etcd/kv.ts'
import { hangOnLease, type KeptLease } from './kept-lease.ts'

export type HoldRequest = Pick<Hold, 'by' | 'why'> &
  Partial<Pick<Hold, 'noStart' | 'noFence'>> & { readonly containers: readonly string[] }

/** `release` ends the holds at once. */
export type HeldContainers = Pick<KeptLease, 'release'>

/** Takes the holds and keeps them until `release()`. Both kinds are held unless one is given. */
export async function takeHolds(
  kv: Kv,
  cluster: string,
  { containers, by, why, noStart = true, noFence = true }: HoldRequest,
): Promise<HeldContainers> {
  const { holds } = coordinationKeys(cluster)
  const value: Hold = { by, why, since: new Date().toISOString(), noStart, noFence }
  return hangOnLease(kv, async (lease) => {
    for (const container of containers)
      await kv.put(`${holds}${container}`, JSON.stringify(value), lease)
  })
}

/** Runs `act` while the containers are held. */
export async function withHolds<T>(
  kv: Kv,
  cluster: string,
  request: HoldRequest,
  act: () => Promise<T>,
): Promise<T> {
  const held = await takeHolds(kv, cluster, request)
  try {
    return await act()
  } finally {
    await held.release()
  }
}

/** The holds of a cluster by container. A value that this code cannot read holds everything, to be safe. */
export function parseHolds(
  cluster: string,
  kvs: readonly { readonly key: string; readonly value: string }[],
): ReadonlyMap<string, Hold> {
  const { holds } = coordinationKeys(cluster)
  return new Map(
    kvs
      .filter(({ key }) => key.startsWith(holds))
      .map(({ key, value }) => [key.slice(holds.length), parseHold(value)]),
  )
}

const parseHold = (value: string): Hold => {
  try {
    return hold.parse(JSON.parse(value))
  } catch {
    const since = new Date(0).toISOString()
    return { by: 'unknown', why: 'an unreadable hold', since, noStart: true, noFence: true }
  }
}
