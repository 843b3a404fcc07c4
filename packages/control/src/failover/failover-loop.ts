/**
 * The acting shell of failover: looks, decides (decide-fence.ts), acts once, and looks again. Runs in both controllers
 * and does nothing in the one that is not active. Nothing is remembered here that the other controller would
 * miss: the fence's record and the leader's term are in etcd; what is kept in memory (how long a phase has lasted,
 * when failsafe was seen) only ever delays an act after a change of controllers, never allows one.
 */
import {
  coordinationKeys,
  isFenceOpen,
  type FenceRecord,
  type LeaderTerm,
} from '@neuronha/core/contracts/coordination.ts'
import { toPlatformError } from '@neuronha/core/errors.ts'
import type { Logger } from '@neuronha/runtime/logger.ts'
import type { Engine } from '../engine/engine.ts'
import type { Kv } from '../etcd/kv.ts'
import type { EventLog } from '../events/event-log.ts'
import type { HttpClient } from '../observe/http-client.ts'
import { readCoordination, type CoordinationView } from './coordination-view.ts'
import { decideFence, type FailoverObservation, type FenceDecision } from './decide-fence.ts'
import type { MemberView } from './electable.ts'
import { recentFences, type FenceActs } from './fence-acts.ts'
import { hasEnded, isTermUnbroken, nextTerm, type ContainerView } from './leader-term.ts'
import { askMembers, type MemberAddress } from './members-view.ts'
import type { Witnesses } from './witnesses.ts'

export interface FailoverLoopOptions {
  readonly cluster: string
  readonly members: readonly MemberAddress[]
  readonly kv: Kv
  readonly engine: Pick<Engine, 'inspect'>
  readonly http: HttpClient
  readonly lease: {
    isActive(): boolean
    spareMs(): number
    createRevision(): string | undefined
  }
  readonly acts: FenceActs
  readonly witnesses: Witnesses
  readonly events: Pick<EventLog, 'record'>
  readonly logger: Pick<Logger, 'info' | 'warn'>
  /** Told what etcd says before anybody else asks anything: a primary may be seen to write from then on. */
  readonly onRead: (view: CoordinationView) => void
  /** Told after each look, for repair. */
  readonly onLook: (view: CoordinationView) => void
  /** Told instead while another controller is the active one. */
  readonly onRest: () => void
  readonly onRefused: (why: string) => void
  /** Monotonic, milliseconds. */
  readonly now: () => number
}

/** What all members but one answered. */
interface OthersSeen {
  readonly at: number
  readonly inTrouble: string | undefined
  readonly members: readonly MemberView[]
}

/** Between looks while nothing is wrong, and while something is. Engine events and unanswered probes wake the loop. */
const CALM_MS = 1000
const ALERT_MS = 200
/** A primary that does not write keeps the looks close together for so long. */
const AWAY_ALERT_MS = 30_000
/** A container that runs is inspected so often even if no event came: events can be lost. */
const INSPECT_EVERY_MS = 1000
const ASK_MEMBERS_DEADLINE_MS = 1200
/** Answers of members are good for so long within one chain of decisions. */
const MEMBERS_FRESH_MS = 800

export class FailoverLoop {
  readonly #options: FailoverLoopOptions
  #timer: NodeJS.Timeout | undefined
  #turn: Promise<void> = Promise.resolve()
  #isTurning = false
  #isWoken = false
  /** The present turn was asked for. */
  #isWokenTurn = false
  #isClosed = false
  #term: LeaderTerm | undefined
  #container: ContainerView | undefined
  #othersSeen: OthersSeen | undefined
  #phase: { readonly key: string; readonly since: number } | undefined
  #failsafeSeenAt: number | undefined
  #awaySince: number | undefined
  #lastRefusal = ''
  #lastTrouble = ''

  constructor(options: FailoverLoopOptions) {
    this.#options = options
  }

  start(): void {
    this.#schedule(0)
  }

  /** Something may have happened: look now. */
  wake(): void {
    this.#isWoken = true
    if (!this.#isTurning) this.#schedule(0)
  }

  /** Failsafe mode was seen somewhere. */
  noteFailsafe(): void {
    this.#failsafeSeenAt = this.#options.now()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#turn
    await this.#options.witnesses.close()
  }

  #schedule(afterMs: number): void {
    clearTimeout(this.#timer)
    if (this.#isClosed) return
    this.#timer = setTimeout(() => {
      this.#turn = this.#runTurn()
    }, afterMs)
  }

  async #runTurn(): Promise<void> {
    this.#isTurning = true
    this.#isWokenTurn = this.#isWoken
    this.#isWoken = false
    let nextMs = CALM_MS
    try {
      nextMs = await this.#look()
      this.#lastTrouble = ''
    } catch (thrown) {
      this.#warnOnce(thrown)
    }
    this.#isTurning = false
    this.#schedule(this.#wasWoken() ? 0 : nextMs)
  }

  #wasWoken(): boolean {
    return this.#isWoken
  }

  /** One look and at most one act; answers when the next is due. */
  async #look(): Promise<number> {
    const { lease, kv, cluster, witnesses, acts } = this.#options
    if (!lease.isActive()) {
      await this.#rest()
      return CALM_MS
    }
    const view = await readCoordination(kv, cluster, this.#options.now)
    this.#options.onRead(view)
    // Nothing is fenced during a switchover, and whoever asks a primary that shuts down keeps it from its end.
    if (view.isSwitchoverOpen) await witnesses.standAside()
    else witnesses.look(view.snapshot)
    await this.#keepTerm(view)
    this.#options.onLook(view)
    const seen = await this.#observe(view)
    const decision = decideFence(seen)
    this.#noteRefusal(decision, seen)
    const hasActed = await acts.carryOut(decision, view)
    if (hasActed) return 0
    return this.#isAlert(seen) || this.#isPrimaryAway() ? ALERT_MS : CALM_MS
  }

  /** Not for ever: a cluster without a quorum may be without a primary for days. */
  #isPrimaryAway(): boolean {
    const { now, witnesses } = this.#options
    if (!witnesses.isPrimaryAway()) {
      this.#awaySince = undefined
      return false
    }
    this.#awaySince ??= now()
    return now() - this.#awaySince < AWAY_ALERT_MS
  }

  async #rest(): Promise<void> {
    this.#term = undefined
    this.#container = undefined
    this.#othersSeen = undefined
    this.#phase = undefined
    this.#options.onRest()
    await this.#options.witnesses.rest()
  }

  /** Proves the present leadership while its owner lives, and writes it down for the other controller. */
  async #keepTerm({ snapshot, storedTerm }: CoordinationView): Promise<void> {
    const known = this.#term ?? storedTerm
    const isProven = known !== undefined && isTermUnbroken(known, snapshot)
    const subject = isProven ? known.member : (snapshot.leader?.name ?? known?.member)
    if (subject !== undefined && (!isProven || this.#isInspectionDue(subject)))
      await this.#inspect(subject)
    this.#term = nextTerm(known, snapshot, this.#container)
    if (this.#term !== undefined && this.#term !== storedTerm) await this.#store(storedTerm)
  }

  async #store(stored: LeaderTerm | undefined): Promise<void> {
    const value = JSON.stringify(this.#term)
    const createRevision = this.#options.lease.createRevision()
    if (createRevision === undefined || value === JSON.stringify(stored)) return
    const { active, term } = coordinationKeys(this.#options.cluster)
    await this.#options.kv.transaction([{ key: active, createRevision }], [{ put: term, value }])
  }

  #isInspectionDue(name: string): boolean {
    const last = this.#container
    return (
      last?.name !== name ||
      !last.running ||
      this.#isWokenTurn ||
      this.#options.now() - last.seenAt >= INSPECT_EVERY_MS
    )
  }

  /** An engine that gives no answer leaves us without knowledge of the container, which proves nothing. */
  async #inspect(name: string): Promise<void> {
    const askedAt = this.#options.now()
    const found = await this.#options.engine.inspect(name).catch((thrown: unknown) => {
      this.#warnOnce(thrown)
      return undefined
    })
    this.#container = found && {
      name,
      askedAt,
      seenAt: this.#options.now(),
      id: found.id,
      startedAt: found.startedAt,
      status: found.status,
      running: found.running,
      paused: found.paused,
      restarting: found.restarting,
      pid: found.pid,
    }
  }

  async #observe(view: CoordinationView): Promise<FailoverObservation> {
    const { lease, now, witnesses } = this.#options
    const { record, snapshot } = view
    const openRecord = record !== null && isFenceOpen(record) ? record : null
    const term = openRecord?.term ?? this.#term
    if (openRecord !== null) await this.#inspect(openRecord.term.member)
    const phaseSince = this.#phaseSince(openRecord)
    const suspicion = witnesses.suspicion()
    // once the leadership is taken away, etcd alone shows who takes it
    const areMembersNeeded =
      openRecord === null
        ? suspicion !== null || this.#hasEnded(term)
        : openRecord.phase !== 'revoked'
    const members = areMembersNeeded ? await this.#askOthers(term?.member) : []
    return {
      leaseSpareMs: lease.spareMs(),
      inMaintenance: view.maintenance !== null,
      isHeld: isFenceHeld(view, term),
      isSwitchoverOpen: view.isSwitchoverOpen,
      snapshot,
      term,
      container: this.#containerOf(term),
      members,
      answeredAfterConfirmation: this.#hasAnswered(openRecord, phaseSince),
      failsafeSeenAgoMs: this.#failsafeSeenAgoMs(),
      suspicion,
      testimony: witnesses.testimony(),
      record,
      phaseAgeMs: now() - phaseSince,
      recentFences: recentFences(record, Date.now()).length,
    }
  }

  #containerOf(term: LeaderTerm | undefined): ContainerView | undefined {
    return this.#container?.name === term?.member ? this.#container : undefined
  }

  #failsafeSeenAgoMs(): number | null {
    return this.#failsafeSeenAt === undefined ? null : this.#options.now() - this.#failsafeSeenAt
  }

  #hasEnded(term: LeaderTerm | undefined): boolean {
    return term !== undefined && hasEnded(this.#container, term)
  }

  #hasAnswered(record: FenceRecord | null, since: number): boolean {
    return (
      record?.phase === 'confirmed' && this.#options.witnesses.spokeAfter(record.term.member, since)
    )
  }

  #phaseSince(record: FenceRecord | null): number {
    if (record === null) {
      this.#phase = undefined
      return this.#options.now()
    }
    const key = `${record.id} ${record.phase}`
    if (this.#phase?.key !== key) this.#phase = { key, since: this.#options.now() }
    return this.#phase.since
  }

  /** All but the one in trouble: it is dead or silent, and its silence would cost the whole deadline. */
  async #askOthers(inTrouble: string | undefined): Promise<readonly MemberView[]> {
    const { http, members, now } = this.#options
    const before = this.#othersSeen
    const isFresh = before !== undefined && now() - before.at < MEMBERS_FRESH_MS
    if (isFresh && before.inTrouble === inTrouble) return before.members
    const at = now()
    const others = members.filter(({ name }) => name !== inTrouble)
    const seen = await askMembers(http, others, ASK_MEMBERS_DEADLINE_MS)
    if (seen.some(({ patroni }) => patroni?.failsafeActive === true)) this.noteFailsafe()
    this.#othersSeen = { at, inTrouble, members: seen }
    return seen
  }

  #isAlert({ record, suspicion, container }: FailoverObservation): boolean {
    const isOpen = record !== null && isFenceOpen(record)
    return isOpen || suspicion !== null || (container !== undefined && !container.running)
  }

  /** There was reason to act, and something forbade it: people must be able to read why. */
  #noteRefusal(decision: FenceDecision, seen: FailoverObservation): void {
    const why = this.#refusalOf(decision, seen)
    if (why === this.#lastRefusal) return
    this.#lastRefusal = why
    if (why === '') return
    const member = seen.term?.member ?? 'the primary'
    this.#options.onRefused(why)
    this.#options.events.record({
      kind: 'failover.refused',
      severity: 'warning',
      target: member,
      summary: `nothing is done about ${member}: ${why}`,
      evidence: { hasEnded: this.#hasEnded(seen.term), ...seen.suspicion?.evidence },
    })
  }

  /** A fence that waits for its successor is not refused. */
  #refusalOf(decision: FenceDecision, { suspicion, term, record }: FailoverObservation): string {
    const isOpen = record !== null && isFenceOpen(record)
    const hasReason = suspicion !== null || this.#hasEnded(term)
    return decision.kind === 'nothing' && !isOpen && hasReason ? decision.why : ''
  }

  /** A part that stays away is one line, not one per look. */
  #warnOnce(thrown: unknown): void {
    const { message } = toPlatformError(thrown)
    if (message === this.#lastTrouble) return
    this.#lastTrouble = message
    this.#options.logger.warn({ err: thrown }, 'a look at the cluster failed')
  }
}

const isFenceHeld = ({ holds }: CoordinationView, term: LeaderTerm | undefined): boolean =>
  term !== undefined && holds.get(term.member)?.noFence === true
