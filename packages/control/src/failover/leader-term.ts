/**
 * The leadership of one incarnation, proven while it lived. A key read after a death may belong to somebody who is
 * alive, so a term is only believed when an inspection that was *sent after* the snapshot had arrived still
 * found that container running: then the snapshot is older than the death, whatever comes next.
 */
import type { LeaderTerm } from '@neuronha/core/contracts/coordination.ts'
import type { DcsSnapshot } from './dcs-snapshot.ts'

/** What the engine says of one container. */
export interface ContainerView {
  readonly name: string
  /** When the question was sent and answered, by this process's monotonic clock, milliseconds. */
  readonly askedAt: number
  readonly seenAt: number
  readonly id: string
  readonly startedAt: string
  readonly status: string
  readonly running: boolean
  readonly paused: boolean
  readonly restarting: boolean
  readonly pid: number
}

/** The term that a snapshot and a later inspection prove together, or undefined when they prove nothing. */
export function proveTerm(
  snapshot: DcsSnapshot,
  container: ContainerView | undefined,
): LeaderTerm | undefined {
  const { leader } = snapshot
  if (leader === null || container?.name !== leader.name) return undefined
  if (container.askedAt < snapshot.seenAt) return undefined
  if (!container.running || container.restarting || container.pid === 0) return undefined
  // one Patroni process has one lease: the leader's key and its own key hang on the same
  if (leader.lease === '0' || snapshot.members.get(leader.name)?.lease !== leader.lease)
    return undefined
  return {
    member: leader.name,
    containerId: container.id,
    startedAt: container.startedAt,
    leaderModRevision: leader.modRevision,
    lease: leader.lease,
  }
}

/** Is the key of the term still what it was? */
export const isTermUnbroken = (term: LeaderTerm, { leader }: DcsSnapshot): boolean =>
  leader?.name === term.member &&
  leader.modRevision === term.leaderModRevision &&
  leader.lease === term.lease

/** A newer term replaces an older one; the old one stays while nothing newer is proven. */
export function nextTerm(
  term: LeaderTerm | undefined,
  snapshot: DcsSnapshot,
  container: ContainerView | undefined,
): LeaderTerm | undefined {
  if (term !== undefined && isTermUnbroken(term, snapshot)) return term
  return proveTerm(snapshot, container) ?? term
}

/**
 * Ended: the incarnation that had the leadership is no more, though the engine brings the container back or already has.
 * Another container says nothing about it.
 */
export const hasEnded = (container: ContainerView | undefined, term: LeaderTerm): boolean =>
  container !== undefined &&
  container.id === term.containerId &&
  (isFenced(container, term.containerId) ||
    container.restarting ||
    container.startedAt !== term.startedAt)

/**
 * Fenced: the container has ended and nothing will bring it back by itself. Anything less (an error, a time-out,
 * paused, waiting for its restart) is no confirmation.
 */
export const isFenced = (container: ContainerView | undefined, containerId: string): boolean =>
  container !== undefined &&
  container.id === containerId &&
  container.status === 'exited' &&
  !container.running &&
  !container.restarting &&
  !container.paused &&
  container.pid === 0
