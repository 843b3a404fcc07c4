/**
 * The witnesses of a primary's life, kept up to date: the write probe, Patroni's REST API (asked only while etcd
 * shows no sign of its loop), how long /status has stood still, and whether this process itself was slow.
 */
import { CONTROLLER_TIMINGS } from '@neuronha/core/predict/controller-timings.ts'
import { toPlatformError } from '@neuronha/core/errors.ts'
import type { DirectClient } from '@neuronha/runtime/postgres/direct-client.ts'
import type { HttpClient } from '../observe/http-client.ts'
import type { DcsSnapshot } from './dcs-snapshot.ts'
import type { Suspicion } from './decide-fence.ts'
import { askPatroni, type MemberAddress } from './members-view.ts'
import {
  SLIP_MS,
  SLIPS_KEPT_MS,
  suspect,
  testify,
  type PrimaryWitnesses,
  type Slip,
  type Testimony,
} from './suspect.ts'
import { WriteProbe, type ProbeTarget, type WriteProbeOptions } from './write-probe.ts'

export interface WitnessOptions extends Omit<WriteProbeOptions, 'observerOf'> {
  readonly http: HttpClient
  /** A client that may read the state of a standby's receiver. */
  readonly connectObserver: (target: ProbeTarget) => DirectClient
}

const BEAT_MS = 100
/** Patroni's loop writes every second; from here on, or while somebody keeps the probe waiting, its REST API is asked too. */
const ASK_REST_AFTER_MS = CONTROLLER_TIMINGS.askPatroniAfterMs
const REST_EVERY_MS = 500
const REST_DEADLINE_MS = 2500
/** A pause of our own reading that is longer spoils how long /status stood still. */
const READ_GAP_MS = 1500

export class Witnesses {
  readonly #options: WitnessOptions
  readonly #beat: NodeJS.Timeout
  #lastBeatAt: number
  /** The beginning counts as one. */
  #slips: readonly Slip[]
  #probe: WriteProbe | undefined
  /** Of the probe before: it says goodbye to a member that may be dead, while the next one asks already. */
  #ending: Promise<void> = Promise.resolve()
  /** By member. They outlive a primary: to connect anew would cost the others a process each, while they elect. */
  readonly #observers = new Map<string, DirectClient>()
  #refusing: string | undefined
  #status: { modRevision: string | null; changedAt: number; seenAt: number } | undefined
  #rest: { readonly askedSince: number; answeredAt: number | null; open: boolean } | undefined
  #restTimer: NodeJS.Timeout | undefined

  constructor(options: WitnessOptions) {
    this.#options = options
    this.#lastBeatAt = options.now()
    this.#slips = [{ endedAt: this.#lastBeatAt, lostMs: 0 }]
    this.#beat = setInterval(() => this.#onBeat(), BEAT_MS)
  }

  /** Takes in what etcd says; a new primary gets a new probe. */
  look(snapshot: DcsSnapshot): void {
    const name = snapshot.leader?.name
    if (name !== undefined && name !== this.#probe?.member) this.#watch(name)
    this.#noteStatus(snapshot)
  }

  /** Reason to believe that the primary hangs, or null. */
  suspicion(): Suspicion | null {
    const seen = this.#seen()
    return seen === undefined ? null : suspect(seen)
  }

  /** What each of them saw, for people. */
  testimony(): Testimony {
    const seen = this.#seen()
    return seen === undefined ? {} : testify(seen)
  }

  /** Is there a primary that does not write? Then a change of leadership is near, and looking often shortens it. */
  isPrimaryAway(): boolean {
    return this.#probe?.isWriting === false
  }

  /** The primary whose own server said that it takes no writes, until it or its successor was seen to write. */
  refusingPrimary(): string | undefined {
    if (this.#probe?.isRefusing === true) this.#refusing = this.#probe.member
    else if (this.#probe?.isWriting !== false) this.#refusing = undefined
    return this.#refusing
  }

  /** Did the member answer, in PostgreSQL's own words, a question that was sent after this moment? */
  spokeAfter(member: string, moment: number): boolean {
    const probe = this.#probe?.view()
    return probe?.member === member && (probe.spokeToQuestionOf ?? 0) > moment
  }

  /** Ends every witness: this controller is not the active one. */
  async rest(): Promise<void> {
    this.#stopProbe()
    const observers = [...this.#observers.values()]
    this.#observers.clear()
    await Promise.all([this.#ending, ...observers.map((client) => client.close())])
  }

  /** Asks nobody anything while a planned act changes the primary; the connections to standbys stay for afterwards. */
  async standAside(): Promise<void> {
    const primary = this.#probe?.member ?? ''
    this.#stopProbe()
    const observer = this.#observers.get(primary)
    this.#observers.delete(primary)
    await Promise.all([this.#ending, observer?.close()])
  }

  async close(): Promise<void> {
    clearInterval(this.#beat)
    await this.rest()
  }

  #seen(): PrimaryWitnesses | undefined {
    const probe = this.#probe?.view()
    const now = this.#options.now()
    if (probe === undefined || this.#status === undefined) return undefined
    return {
      ...probe,
      now,
      slips: this.#slips,
      restSilentMs: this.#restSilentMs(now),
      statusStillMs: now - this.#status.seenAt > READ_GAP_MS ? null : now - this.#status.changedAt,
    }
  }

  /** The last slip is kept however old: it bounds what may be said about the time before. */
  #onBeat(): void {
    const now = this.#options.now()
    const lateMs = now - this.#lastBeatAt - BEAT_MS
    if (lateMs > SLIP_MS)
      this.#slips = [
        ...this.#slips.filter(({ endedAt }) => now - endedAt < SLIPS_KEPT_MS),
        { endedAt: now, lostMs: lateMs },
      ]
    this.#lastBeatAt = now
  }

  #watch(name: string): void {
    // Another one may lead before anybody asked who refuses: its clients are to be held all the same until that one writes.
    if (this.#probe?.isRefusing === true) this.#refusing = this.#probe.member
    this.#stopProbe()
    const member = this.#options.members.find((candidate) => candidate.name === name)
    if (member === undefined) return
    const observerOf = (target: ProbeTarget): DirectClient => this.#observerOf(target)
    this.#probe = new WriteProbe(member, { ...this.#options, observerOf })
    this.#probe.start()
  }

  #stopProbe(): void {
    const probe = this.#probe
    this.#probe = undefined
    this.#status = undefined
    this.#stopRest()
    if (probe !== undefined)
      this.#ending = Promise.all([this.#ending, probe.stop()]).then(() => undefined)
  }

  #observerOf(target: ProbeTarget): DirectClient {
    const known = this.#observers.get(target.name)
    if (known !== undefined) return known
    const client = this.#options.connectObserver(target)
    this.#observers.set(target.name, client)
    return client
  }

  #noteStatus({ statusModRevision, askedAt, seenAt }: DcsSnapshot): void {
    const before = this.#status
    const isBroken =
      before?.modRevision !== statusModRevision || askedAt - before.seenAt > READ_GAP_MS
    this.#status = {
      modRevision: statusModRevision,
      changedAt: isBroken ? seenAt : before.changedAt,
      seenAt,
    }
    const isStill = seenAt - this.#status.changedAt >= ASK_REST_AFTER_MS
    if (isStill || this.#probe?.isKeptWaiting === true) this.#startRest()
    else this.#stopRest()
  }

  #restSilentMs(now: number): number | null {
    if (this.#rest === undefined) return null
    const slippedAt = this.#slips.at(-1)?.endedAt ?? now
    return now - Math.max(this.#rest.answeredAt ?? this.#rest.askedSince, slippedAt)
  }

  #startRest(): void {
    const member = this.#options.members.find(({ name }) => name === this.#probe?.member)
    if (this.#rest !== undefined || member === undefined) return
    const rest = { askedSince: this.#options.now(), answeredAt: null, open: false }
    this.#rest = rest
    void this.#askRest(rest, member)
    this.#restTimer = setInterval(() => void this.#askRest(rest, member), REST_EVERY_MS)
  }

  #stopRest(): void {
    clearInterval(this.#restTimer)
    this.#rest = undefined
  }

  async #askRest(
    rest: { answeredAt: number | null; open: boolean },
    member: MemberAddress,
  ): Promise<void> {
    if (rest.open) return
    rest.open = true
    try {
      await askPatroni(this.#options.http, member, AbortSignal.timeout(REST_DEADLINE_MS))
      rest.answeredAt = this.#options.now()
    } catch (thrown) {
      // a refusal comes from a living machine: Patroni's process is gone, and its own supervisor's business
      const { cause } = toPlatformError(thrown)
      if (cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED')
        rest.answeredAt = this.#options.now()
    } finally {
      rest.open = false
    }
  }
}
