/**
 * What to do about a standby that runs and does not follow: first a restart, then a new copy. Pure. Patroni rewinds an
 * old primary by itself, but nothing brings back a member that asks for WAL which nobody has any more, and with
 * it missing the cluster survives one failure less. (DESIGN 8.4)
 *
 *   stuck for STUCK_MS under a settled leader ──▶ restart, and time to recover
 *   stuck again for STILL_STUCK_MS           ──▶ rebuild: its data is thrown away and copied anew
 *   rebuilt within LET_BE_MS                  ──▶ nothing: a copy that does not help is a matter for people
 *
 * Never: in maintenance, with Patroni paused, beside a fence, a switchover or somebody's hold; without our own lease; a
 * rebuild of a member that `/sync` counts among those who may have a commit that nobody else has, or of the
 * leader. What recovers, rewinds, is being copied or cannot be asked is never stuck: both look alike from
 * outside, and interrupting the first kind damages it.
 */
import type { Hold } from '@neuronha/core/contracts/coordination.ts'
import type { DcsSnapshot } from './dcs-snapshot.ts'
import { LEASE_SPARE_MS } from './decide-fence.ts'

export interface Straggler {
  readonly name: string
  /** Patroni's word. */
  readonly state: string
  /** How long it has neither streamed nor replayed anything, milliseconds. */
  readonly stuckForMs: number
  /** Since we restarted it, and since we had it rebuilt, milliseconds; null: not that we know. */
  readonly restartedAgoMs: number | null
  readonly rebuiltAgoMs: number | null
}

export interface RejoinObservation {
  /** How long our own lease is certainly valid still, milliseconds. */
  readonly leaseSpareMs: number
  readonly inMaintenance: boolean
  readonly isFenceOpen: boolean
  readonly isSwitchoverOpen: boolean
  readonly holds: ReadonlyMap<string, Hold>
  /** Null: etcd gives no fresh answer. */
  readonly snapshot: DcsSnapshot | null
  /** How long the same member has led, as far as we have seen, milliseconds. */
  readonly ledForMs: number
  readonly stragglers: readonly Straggler[]
}

export type RejoinDecision =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'restart' | 'rebuild'; readonly straggler: Straggler }

/** A leader that has led for so long has told everybody. */
export const SETTLED_MS = 15_000
export const STUCK_MS = 15_000
/** After a restart: the time to recover does not count, because it is not stuck then. */
export const STILL_STUCK_MS = 30_000
export const LET_BE_MS = 10 * 60_000

/** PostgreSQL is up, or has given up: in every other state something is being done about it. */
const STUCK_STATES: ReadonlySet<string> = new Set([
  'running',
  'in archive recovery',
  'start failed',
])

export const mayBeStuck = (state: string): boolean => STUCK_STATES.has(state)

const NOTHING: RejoinDecision = { kind: 'nothing' }

/** At most one act on one member. */
export function decideRejoin(seen: RejoinObservation): RejoinDecision {
  const { snapshot, stragglers } = seen
  if (snapshot === null || !mayAct(seen, snapshot)) return NOTHING
  const decisions = stragglers
    .filter(({ name }) => name !== snapshot.leader?.name && !seen.holds.has(name))
    .map((straggler) => decideOne(straggler, snapshot))
  return decisions.find(({ kind }) => kind !== 'nothing') ?? NOTHING
}

const mayAct = (seen: RejoinObservation, { leader, sync, config }: DcsSnapshot): boolean =>
  seen.leaseSpareMs >= LEASE_SPARE_MS &&
  !seen.inMaintenance &&
  !seen.isFenceOpen &&
  !seen.isSwitchoverOpen &&
  seen.ledForMs >= SETTLED_MS &&
  leader !== null &&
  config?.paused === false &&
  (!config.synchronous || sync?.leader === leader.name)

function decideOne(straggler: Straggler, { sync }: DcsSnapshot): RejoinDecision {
  const { name, state, stuckForMs, restartedAgoMs, rebuiltAgoMs } = straggler
  if (!mayBeStuck(state) || isRecent(rebuiltAgoMs)) return NOTHING
  if (!isRecent(restartedAgoMs))
    return stuckForMs >= STUCK_MS ? { kind: 'restart', straggler } : NOTHING
  const isVoter = sync?.voters.includes(name) === true
  return stuckForMs >= STILL_STUCK_MS && !isVoter ? { kind: 'rebuild', straggler } : NOTHING
}

const isRecent = (agoMs: number | null): boolean => agoMs !== null && agoMs < LET_BE_MS
