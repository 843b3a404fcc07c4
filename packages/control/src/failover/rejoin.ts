/**
 * Brings standbys back that do not follow: keeps count of how long each has been stuck, decides (decide-rejoin.ts), acts.
 * What is counted is in memory only: after a change of controllers it starts anew, which only delays an act.
 */
import type { ClusterStatus, MemberStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { isFenceOpen } from '@neuronha/core/contracts/coordination.ts'
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import type { Engine } from '../engine/engine.ts'
import type { EventLog } from '../events/event-log.ts'
import type { PatroniControl } from '../planned/ports.ts'
import type { CoordinationView } from './coordination-view.ts'
import { decideRejoin, mayBeStuck, type Straggler } from './decide-rejoin.ts'

export interface RejoinOptions {
  readonly engine: Pick<Engine, 'stop'>
  readonly patroni: Pick<PatroniControl, 'reinitialize'>
  readonly lease: { isActive(): boolean; spareMs(): number }
  readonly events: Pick<EventLog, 'record'>
  /** Monotonic, milliseconds. */
  readonly now: () => number
}

/** A view of etcd that is older is no ground to act on. */
const VIEW_FRESH_MS = 2000
/** One that has followed for so long starts with a clean slate. */
const FORGIVEN_AFTER_MS = 60_000
const STOP_GRACE_SECONDS = 20

interface Tracked {
  state: string
  lsn: string | null
  /** Neither streaming nor moving since; null: it is not stuck. */
  stuckSince: number | null
  followsSince: number | null
  restartedAt: number | null
  rebuiltAt: number | null
}

const UNSEEN: Tracked = {
  state: 'unknown',
  lsn: null,
  stuckSince: null,
  followsSince: null,
  restartedAt: null,
  rebuiltAt: null,
}

export class Rejoin {
  readonly #options: RejoinOptions
  readonly #tracked = new Map<string, Tracked>()
  #view: CoordinationView | undefined
  #led: { readonly name: string; readonly since: number } | undefined
  #acting: Promise<void> | undefined

  constructor(options: RejoinOptions) {
    this.#options = options
  }

  /** What etcd said last. */
  noteView(view: CoordinationView): void {
    this.#view = view
    const name = view.snapshot.leader?.name
    if (name === undefined) this.#led = undefined
    else if (this.#led?.name !== name) this.#led = { name, since: view.snapshot.seenAt }
  }

  /** What a look at the cluster showed; acts on it, one act at a time. */
  noteStatus({ members }: Pick<ClusterStatus, 'members'>): void {
    if (!this.#options.lease.isActive()) {
      this.#tracked.clear()
      this.#led = undefined
      return
    }
    for (const member of members) this.#track(member)
    this.#acting ??= this.#act().finally(() => {
      this.#acting = undefined
    })
  }

  async close(): Promise<void> {
    await this.#acting
  }

  #track({ name, role, state, lsn }: MemberStatus): void {
    const at = this.#options.now()
    const known = this.#tracked.get(name) ?? UNSEEN
    const isFollowing = role === 'primary' || state === 'streaming'
    const isStuck = !isFollowing && mayBeStuck(state) && known.lsn === lsn
    const followsSince = isFollowing ? (known.followsSince ?? at) : null
    const isForgiven = followsSince !== null && at - followsSince >= FORGIVEN_AFTER_MS
    this.#tracked.set(name, {
      state,
      lsn,
      stuckSince: isStuck ? (known.stuckSince ?? at) : null,
      followsSince,
      restartedAt: isForgiven ? null : known.restartedAt,
      rebuiltAt: known.rebuiltAt,
    })
  }

  async #act(): Promise<void> {
    const { lease, now } = this.#options
    const view = this.#view
    if (view === undefined) return
    const at = now()
    const decision = decideRejoin({
      leaseSpareMs: lease.spareMs(),
      inMaintenance: view.maintenance !== null,
      isFenceOpen: view.record !== null && isFenceOpen(view.record),
      isSwitchoverOpen: view.isSwitchoverOpen,
      holds: view.holds,
      snapshot: at - view.snapshot.seenAt < VIEW_FRESH_MS ? view.snapshot : null,
      ledForMs: this.#led === undefined ? 0 : at - this.#led.since,
      stragglers: this.#stragglers(at),
    })
    if (decision.kind === 'restart') await this.#restart(decision.straggler)
    if (decision.kind === 'rebuild') await this.#rebuild(decision.straggler)
  }

  #stragglers(at: number): readonly Straggler[] {
    const agoMs = (since: number | null): number | null => (since === null ? null : at - since)
    return [...this.#tracked].flatMap(([name, { state, stuckSince, restartedAt, rebuiltAt }]) =>
      stuckSince === null
        ? []
        : [
            {
              name,
              state,
              stuckForMs: at - stuckSince,
              restartedAgoMs: agoMs(restartedAt),
              rebuiltAgoMs: agoMs(rebuiltAt),
            },
          ],
    )
  }

  async #restart(straggler: Straggler): Promise<void> {
    const { engine, now } = this.#options
    const known = this.#tracked.get(straggler.name)
    if (known !== undefined) known.restartedAt = now()
    await this.#carryOut(straggler, {
      kind: 'repair.member-restarted',
      summary: `${straggler.name} runs and does not follow the primary: it is restarted`,
      // repair starts what stands still
      act: () => engine.stop(straggler.name, STOP_GRACE_SECONDS),
    })
  }

  async #rebuild(straggler: Straggler): Promise<void> {
    const { patroni, now } = this.#options
    const known = this.#tracked.get(straggler.name)
    if (known !== undefined) known.rebuiltAt = now()
    await this.#carryOut(straggler, {
      kind: 'repair.member-rebuilt',
      summary: `${straggler.name} does not follow the primary after a restart either: its data is thrown away and copied anew`,
      act: async () => {
        const { status, words } = await patroni.reinitialize(straggler.name)
        if (status >= 300)
          throw new PlatformError('COMMAND_FAILED', `Patroni refused (${status}): ${words}`)
      },
    })
  }

  async #carryOut(
    { name, state, stuckForMs }: Straggler,
    what: { readonly kind: string; readonly summary: string; readonly act: () => Promise<void> },
  ): Promise<void> {
    const { events } = this.#options
    const evidence = { state, stuckForMs: Math.round(stuckForMs) }
    const { kind, summary, act } = what
    events.record({ kind, severity: 'warning', target: name, summary, evidence })
    try {
      await act()
    } catch (thrown) {
      events.record({
        kind: `${kind}-failed`,
        severity: 'critical',
        target: name,
        summary: `${name} could not be brought back: ${toPlatformError(thrown).message}`,
        evidence,
      })
    }
  }
}
