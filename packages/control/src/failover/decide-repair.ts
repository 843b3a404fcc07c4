/**
 * Which stopped containers are started again, and when. Pure. A wanted container that was stopped or killed comes
 * back; the old primary only when nobody else can be harmed by it: its leadership is still in place (it then has
 * every commit of its term), a new primary owns /leader and /sync (it rewinds before it starts), or nobody
 * has led for long enough.
 */
import type { Hold } from '@neuronha/core/contracts/coordination.ts'
import type { DcsSnapshot } from './dcs-snapshot.ts'
import { MAY_NOT_ELECT_MS, NO_LEADER_MS } from './decide-fence.ts'

export interface StoppedContainer {
  readonly name: string
  readonly component: string
  /** For how long we have seen it stopped, milliseconds. */
  readonly stoppedForMs: number
  /** Was etcd read after we saw it stopped? Who stopped it on purpose had taken a hold before. */
  readonly isViewLater: boolean
  /** Starts that we asked for since it last ran for a while. */
  readonly tries: number
  readonly sinceLastTryMs: number | null
}

export interface RepairObservation {
  readonly inMaintenance: boolean
  readonly isFenceOpen: boolean
  readonly holds: ReadonlyMap<string, Hold>
  /** Null: etcd gives no answer. */
  readonly snapshot: DcsSnapshot | null
  /** How long nobody has held the leader's key; null while somebody does. */
  readonly leaderlessMs: number | null
  readonly stopped: readonly StoppedContainer[]
}

/** A stop that is part of a restart is over by then. */
const STOPPED_FOR_MS = 500
const BACKOFF_MS = [0, 2000, 5000, 15_000, 30_000, 60_000]

const backoffMs = (tries: number): number => BACKOFF_MS[Math.min(tries, BACKOFF_MS.length - 1)] ?? 0

/** Names of the containers to start now. */
export function containersToStart(seen: RepairObservation): readonly string[] {
  if (seen.inMaintenance) return []
  return seen.stopped
    .filter(({ name }) => seen.holds.get(name)?.noStart !== true)
    .filter(({ isViewLater }) => isViewLater)
    .filter(({ stoppedForMs }) => stoppedForMs >= STOPPED_FOR_MS)
    .filter(
      ({ tries, sinceLastTryMs }) => sinceLastTryMs === null || sinceLastTryMs >= backoffMs(tries),
    )
    .filter((container) => container.component !== 'member' || mayMemberStart(container, seen))
    .map(({ name }) => name)
}

function mayMemberStart(
  { name, stoppedForMs }: StoppedContainer,
  { snapshot, isFenceOpen, leaderlessMs }: RepairObservation,
): boolean {
  if (isFenceOpen || snapshot === null) return false
  const { leader, sync, config } = snapshot
  if (leader === null) return leaderlessMs !== null && leaderlessMs >= NO_LEADER_MS
  // its own leadership: the fence had its chance to take it away
  if (leader.name === name) return stoppedForMs >= MAY_NOT_ELECT_MS
  return config?.synchronous !== true || sync?.leader === leader.name
}
