/**
 * What to do about a primary that died, hangs or is cut off. Pure: one observation and the fence record in, one
 * decision out; failover-loop.ts acts on it and looks again. (DESIGN 8.1 to 8.4)
 *
 *   (no open record) ──its container ended and stays ended──▶ intended ──▶ confirmed
 *   (no open record) ──its container ended and comes back───▶ intended ──kill──▶ confirmed   (a standby leads before
 *                                                                         the start of its Patroni alone would end)
 *   (no open record) ──silent to every witness──────────────▶ intended ──kill──▶ confirmed
 *   intended  ──it runs again by itself, or a witness speaks for it before the kill──▶ abandoned
 *   intended  ──the kill cannot be confirmed in time──▶ abandoned
 *   confirmed ──standbys can elect: one guarded transaction takes the leadership away──▶ revoked
 *   confirmed ──they cannot, for MAY_NOT_ELECT_MS──▶ abandoned
 *   confirmed ──the leadership changed by itself──▶ released
 *   confirmed ──it answers although it was confirmed dead──▶ abandoned, with an alarm
 *   revoked   ──a new primary owns /leader and /sync──▶ released
 *   revoked   ──nobody took over within NO_LEADER_MS──▶ abandoned, with an alarm
 *
 * Nothing here starts a container: once no fence is open, repair does (decide-repair.ts), the old primary only when
 * its leadership is still in place or a new primary owns /sync.
 *
 * Never: two fences at once; a kill or a revocation without our own lease to spare, in maintenance, with Patroni
 * paused, with failsafe active anywhere or within the last ttl, or against a hold; a revocation without a confirmed
 * fence, with a /sync that does not name the dead member, or of a key that was not seen while its owner
 * lived; a kill when nobody could take over, or of a life that has taken the lock again; a start before the new primary owns /sync.
 */
import {
  isFenceOpen,
  type FenceReason,
  type FenceRecord,
  type LeaderTerm,
} from '@neuronha/core/contracts/coordination.ts'
import type { DcsSnapshot } from './dcs-snapshot.ts'
import { electableWithout, type Electability, type MemberView } from './electable.ts'
import { hasEnded, isFenced, isTermUnbroken, type ContainerView } from './leader-term.ts'

export interface FailoverObservation {
  /** How long our own lease is certainly valid still, milliseconds. */
  readonly leaseSpareMs: number
  readonly inMaintenance: boolean
  /** The present primary's container (or the one that the record is about) must not be fenced now. */
  readonly isHeld: boolean
  readonly isSwitchoverOpen: boolean
  readonly snapshot: DcsSnapshot
  /** The leadership as it was seen while its owner lived. */
  readonly term: LeaderTerm | undefined
  /** The term's container, asked just now; undefined: the engine gave no answer or knows no such container. */
  readonly container: ContainerView | undefined
  readonly members: readonly MemberView[]
  /** The member answered some witness after its fence was confirmed. */
  readonly answeredAfterConfirmation: boolean
  /** Milliseconds since failsafe mode was seen anywhere; null: never. */
  readonly failsafeSeenAgoMs: number | null
  readonly suspicion: Suspicion | null
  /** What the witnesses of the present primary saw, suspicious or not. */
  readonly testimony: FenceRecord['evidence']
  readonly record: FenceRecord | null
  /** How long we have seen the record in its phase, milliseconds. */
  readonly phaseAgeMs: number
  /** Fences of the last ten minutes. */
  readonly recentFences: number
}

export interface Suspicion {
  readonly member: string
  readonly reason: Exclude<FenceReason, 'container-gone' | 'container-crashed'>
  readonly evidence: Readonly<Record<string, string | number | boolean | null>>
}

export type FenceDecision =
  | { readonly kind: 'nothing'; readonly why: string }
  | {
      readonly kind: 'intend'
      readonly term: LeaderTerm
      readonly reason: FenceReason
      readonly evidence: FenceRecord['evidence']
    }
  | { readonly kind: 'kill' }
  | { readonly kind: 'confirm' }
  | { readonly kind: 'revoke' }
  | { readonly kind: 'release'; readonly newLeader: string | null }
  | {
      readonly kind: 'abandon'
      readonly why: string
      readonly isAlarm: boolean
      readonly evidence: FenceRecord['evidence']
    }

/** An engine call, or a transaction, needs this much of our own lease. */
export const LEASE_SPARE_MS = 1000
/** A kill that is not confirmed by then is given up. */
export const CONFIRM_WITHIN_MS = 8000
/** How long a confirmed death waits for standbys that could elect; REST answers come and go on a busy machine. */
export const MAY_NOT_ELECT_MS = 2000
/** Nobody took over: the old primary, which has every commit, may come back. */
export const NO_LEADER_MS = 5000
/** More fences than this in ten minutes cure nothing. */
export const MOST_FENCES = 12

const nothing = (why: string): FenceDecision => ({ kind: 'nothing', why })

/** Why nobody may take the leadership away from a member now; undefined when one may. */
export function refusalOf(seen: FailoverObservation): string | undefined {
  const { snapshot, failsafeSeenAgoMs, members } = seen
  const ttlMs = (snapshot.config?.ttlSeconds ?? 30) * 1000
  const guards: readonly (readonly [boolean, string])[] = [
    [seen.leaseSpareMs < LEASE_SPARE_MS, 'our own lease ends too soon'],
    [seen.inMaintenance, 'maintenance is on'],
    [seen.isHeld, 'a planned act holds the member'],
    [seen.isSwitchoverOpen, 'a switchover is going on'],
    [snapshot.config === null, 'Patroni’s configuration is not known'],
    [snapshot.config?.synchronous === false, 'commits do not wait for a standby'],
    [isPaused(snapshot, members), 'Patroni is paused'],
    [
      failsafeSeenAgoMs !== null && failsafeSeenAgoMs < ttlMs,
      'failsafe mode was active within the last ttl',
    ],
    [seen.recentFences >= MOST_FENCES, 'too many fences within ten minutes'],
  ]
  return guards.find(([holds]) => holds)?.[1]
}

const isPaused = (snapshot: DcsSnapshot, members: readonly MemberView[]): boolean =>
  snapshot.config?.paused === true || members.some(({ patroni }) => patroni?.paused === true)

/** Why the standbys would not take over with every commit; undefined when they would. */
const noSuccessor = (member: string, seen: FailoverObservation): string | undefined => {
  if (seen.snapshot.sync?.leader !== member)
    return `/sync names ${seen.snapshot.sync?.leader ?? 'nobody'} instead of ${member}`
  const electability = electableWithout(member, seen.members, seen.snapshot)
  return electability.ok ? undefined : tooFew(electability)
}

const tooFew = ({ electable, needed, others }: Electability): string => {
  const why = Object.entries(others).map(([name, reason]) => `${name} ${reason}`)
  return `${electable.length} standbys could vote, ${needed} are needed (${why.join(', ')})`
}

export function decideFence(seen: FailoverObservation): FenceDecision {
  const { record } = seen
  if (record === null || !isFenceOpen(record)) return decideIdle(seen)
  switch (record.phase) {
    case 'intended':
      return decideIntended(record, seen)
    case 'confirmed':
      return decideConfirmed(record, seen)
    default:
      return decideSettled(seen, record.term)
  }
}

/** No fence is open: is there reason for one? */
function decideIdle(seen: FailoverObservation): FenceDecision {
  const { term, snapshot } = seen
  if (term === undefined) return nothing('no leadership is known from while it lived')
  if (!isTermUnbroken(term, snapshot)) return nothing('the leadership has changed')
  const found = reasonFor(term, seen)
  if ('none' in found) return nothing(found.none)
  const refusal = refusalOf(seen) ?? noSuccessor(term.member, seen)
  if (refusal !== undefined) return nothing(refusal)
  const absent = found.isDead ? [] : notStreaming(term.member, seen.members)
  if (absent.length > 0) return nothing(`not every standby streams: ${absent.join(', ')}`)
  return { kind: 'intend', term, reason: found.reason, evidence: found.evidence }
}

type FoundReason =
  | { readonly none: string }
  | (Pick<FenceRecord, 'reason' | 'evidence'> & { readonly isDead: boolean })

function reasonFor(term: LeaderTerm, seen: FailoverObservation): FoundReason {
  const { container, record } = seen
  const evidence = { containerId: term.containerId, startedAt: term.startedAt }
  if (isFenced(container, term.containerId))
    return { reason: 'container-gone', evidence, isDead: true }
  if (hasEnded(container, term)) {
    return isGivenUp(record, term)
      ? { none: 'a fence of this life was given up, and its member started again' }
      : { reason: 'container-crashed', evidence, isDead: true }
  }
  const suspected = suspicionOf(term, seen)
  if (suspected === null) return { none: 'the primary gives no reason' }
  return { reason: suspected.reason, evidence: suspected.evidence, isDead: false }
}

/** Repair has started the member since, to take its own leadership again: it is not killed for having been down. */
const isGivenUp = (record: FenceRecord | null, term: LeaderTerm): boolean =>
  record?.phase === 'abandoned' &&
  record.term.containerId === term.containerId &&
  record.term.startedAt === term.startedAt

/** Of another container, or another life of it, the silence says nothing. */
const suspicionOf = (
  term: LeaderTerm,
  { suspicion, container }: FailoverObservation,
): Suspicion | null =>
  suspicion?.member === term.member && !isAnotherLife(container, term) ? suspicion : null

/** The engine runs it, but not the incarnation that had the leadership. */
const isAnotherLife = (container: ContainerView | undefined, term: LeaderTerm): boolean =>
  container !== undefined &&
  (container.id !== term.containerId || container.startedAt !== term.startedAt)

/** What is alive is fenced only while nothing else is amiss. */
const notStreaming = (member: string, members: readonly MemberView[]): readonly string[] =>
  members
    .filter(({ name, patroni }) => name !== member && patroni?.streaming !== true)
    .map(({ name }) => name)

function decideIntended(record: FenceRecord, seen: FailoverObservation): FenceDecision {
  const { term, reason } = record
  if (!isTermUnbroken(term, seen.snapshot))
    return abandon('the leadership changed before the fence')
  if (isFenced(seen.container, term.containerId)) return { kind: 'confirm' }
  if (seen.container !== undefined && seen.container.id !== term.containerId)
    return abandon('its container was replaced')
  if (reason === 'container-gone') return abandon('its container came back by itself')
  if (seen.phaseAgeMs > CONFIRM_WITHIN_MS) return abandon('the fence could not be confirmed', true)
  const objection = reasonIsOver(record, seen) ?? refusalOf(seen) ?? noSuccessor(term.member, seen)
  return objection === undefined ? { kind: 'kill' } : abandon(objection, false, seen.testimony)
}

function reasonIsOver({ term, reason }: FenceRecord, seen: FailoverObservation) {
  if (reason === 'container-crashed')
    return hasEnded(seen.container, term) ? undefined : 'the engine shows its end no more'
  return seen.suspicion?.member === term.member ? undefined : 'the witnesses suspect it no more'
}

const abandon = (
  why: string,
  isAlarm = false,
  evidence: FenceRecord['evidence'] = {},
): FenceDecision => ({ kind: 'abandon', why, isAlarm, evidence })

function decideConfirmed(record: FenceRecord, seen: FailoverObservation): FenceDecision {
  const { term } = record
  if (seen.answeredAfterConfirmation)
    return abandon('it answers although its end was confirmed', true)
  if (!isTermUnbroken(term, seen.snapshot)) {
    return decideSettled(seen, term)
  }
  if (!isFenced(seen.container, term.containerId)) {
    return seen.container?.running === true
      ? abandon('its container was started by somebody')
      : nothing('the engine does not confirm the fence at the moment')
  }
  const why = refusalOf(seen) ?? noSuccessor(term.member, seen)
  if (why === undefined) return { kind: 'revoke' }
  return seen.phaseAgeMs < MAY_NOT_ELECT_MS ? nothing(why) : abandon(why)
}

/** Done when a new primary owns both keys: an earlier start of the old one could win its own race. */
function decideSettled(
  { snapshot, phaseAgeMs }: FailoverObservation,
  term: LeaderTerm,
): FenceDecision {
  const { leader, sync } = snapshot
  if (leader === null)
    return phaseAgeMs < NO_LEADER_MS
      ? nothing('waiting for a new leader')
      : abandon('nobody took over', true)
  if (leader.name === term.member) return { kind: 'release', newLeader: leader.name }
  if (sync?.leader !== leader.name) return nothing(`waiting until /sync names ${leader.name}`)
  return { kind: 'release', newLeader: leader.name }
}
