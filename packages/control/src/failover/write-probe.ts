/**
 * Asks the present primary, straight, again and again, whether a write still gets through: on one kept connection, and on
 * fresh ones, whose first comes when its clients have had two seconds to log in, or when the kept one is silent. The write is the controller's own row, committed without waiting for a standby (a
 * synchronous one would hang when no standby is left, and fencing is the worst move then). Deadlines close the socket;
 * nothing is ever cancelled, because a cancelled wait for a standby returns success. Standbys are asked beside it: they
 * show whether it is us who are slow, and whether they still hear the primary.
 */
import { CONTROLLER_TIMINGS } from '@neuronha/core/predict/controller-timings.ts'
import { HEARTBEAT_TABLE, NEWEST_BACKEND } from '@neuronha/core/render/database-rights.ts'
import { quoteLiteral } from '@neuronha/core/render/sql.ts'
import { sleep } from '@neuronha/runtime/clock.ts'
import type { DirectClient, DirectClientOptions } from '@neuronha/runtime/postgres/direct-client.ts'
import { outcomeOf, saysNoWrites, type Outcome } from './probe-outcome.ts'
import type { StandbyWitness } from './suspect.ts'

export interface ProbeTarget {
  readonly name: string
  readonly address: string
}

export interface WriteProbeOptions {
  readonly members: readonly ProbeTarget[]
  /** A client with the probe's own role. */
  readonly connectProbe: (
    target: ProbeTarget,
    told: Pick<DirectClientOptions, 'onFirstByte' | 'onLost'>,
  ) => DirectClient
  /** A client that may read the state of a standby's receiver; whoever gives it closes it. */
  readonly observerOf: (target: ProbeTarget) => DirectClient
  /** A write that was begun at this moment has succeeded on this member. */
  readonly onWrite: (member: string, begunAt: number) => void
  /** Somebody keeps us waiting, or the primary does not write: called at each beat until nobody does. */
  readonly onUnease: () => void
  readonly now: () => number
}

/** What the probe of the present primary knows. */
export interface ProbeView {
  readonly member: string
  readonly since: number
  readonly keptAt: number | null
  readonly keptWorstMs: number | null
  readonly isWriting: boolean
  readonly freshAt: number | null
  /** When the first fresh connection was begun that has got no answer; null: the last one has. */
  readonly freshUnansweredSince: number | null
  /** The postmaster made its last process at this time; null: it has not been asked since it kept us waiting. */
  readonly newestBackendAt: number | null
  /** An answer in PostgreSQL's own words, whose question was sent at this time. */
  readonly spokeToQuestionOf: number | null
  readonly standbys: readonly StandbyWitness[]
}

export const PROBE_EVERY_MS = CONTROLLER_TIMINGS.probeEveryMs
/**
 * While everybody answers, only the kept connection is asked at every beat; its silence ends the calm. A fresh
 * connection costs the primary a process and two handshakes: seen to be a tenth of a processor at every beat.
 */
const CALM_BEATS = { standbys: 2, fresh: 4 } as const
/** A question that is open for longer than this ends the calm. */
const CALM_ANSWER_MS = 250
/**
 * A question that is older has its socket closed. Long, because a new connection costs a busy server more than waiting
 * does; nothing is decided by it: the witnesses go by how long a question has been open.
 */
const DEADLINE_MS = 6000
/** A fresh connection that got no byte by then is given up for another: its kernel would try again only after seconds. */
const FIRST_BYTE_MS = 2500
/** Fresh connections to standbys are tried once one to the primary has been waited for so long. */
const CONTROL_AFTER_MS = 1500
const WORST_OF_LAST_MS = 5000
/** A new primary is asked so often until it writes, for so long. */
const HURRY_EVERY_MS = 50
const HURRY_FOR_MS = 5000
/** Then its clients log in, all at once, for so long. */
export const SETTLE_MS = 2000
/** One refusal may be an administrator's doing (a backend that is ended): the next one tells. */
const REFUSALS = 2
/** After a refusal the kept connection is asked again this soon, once. */
const ASK_AGAIN_MS = 50

/** It answered that it takes no writes yet. */
const NOT_YET = Symbol('not promoted yet')
const IS_STANDBY = 'SELECT pg_is_in_recovery() AS is_standby'
const RECEIVER_AGE = `SELECT extract(epoch FROM clock_timestamp() - last_msg_receipt_time)::float8 * 1000 AS age_ms FROM pg_stat_wal_receiver`

interface Line {
  /** The question that is open now was sent at this time. */
  openSince: number | null
  /** The first question since the last answer was sent at this time; null: none was. */
  unansweredSince: number | null
  answeredAt: number | null
  readonly recent: { at: number; tookMs: number }[]
}

const aLine = (): Line => ({
  openSince: null,
  unansweredSince: null,
  answeredAt: null,
  recent: [],
})

/** Probes one primary until `stop()`; a new primary gets a new probe. */
export class WriteProbe {
  readonly #options: WriteProbeOptions
  readonly #member: ProbeTarget
  readonly #since: number
  readonly #kept = aLine()
  readonly #fresh = aLine()
  readonly #standbys: readonly {
    readonly target: ProbeTarget
    readonly line: Line
    readonly control: Line
    readonly client: DirectClient
    messageAgeMs: number | null
  }[]
  readonly #keptClient: DirectClient
  #spokeToQuestionOf: number | null = null
  #timer: NodeJS.Timeout | undefined
  #beats = 0
  /** The kept connection's last question was written. */
  #isWriting = false
  #firstWriteAt: number | undefined
  /** So many of its last questions in a row were refused because no writes are taken. */
  #refusals = 0
  #wasPrimaryCalm = true
  #isStopped = false
  #newestBackendAt: number | null = null
  readonly #statement: string
  /** The same write, which also asks when the postmaster last made a process. */
  readonly #askingStatement: string

  constructor(member: ProbeTarget, options: WriteProbeOptions) {
    this.#options = options
    this.#member = member
    this.#since = options.now()
    this.#keptClient = options.connectProbe(member, { onLost: () => this.#askKept() })
    this.#statement = `INSERT INTO ${HEARTBEAT_TABLE} (member, at) VALUES (${quoteLiteral(member.name)}, clock_timestamp()) ON CONFLICT (member) DO UPDATE SET at = excluded.at`
    this.#askingStatement = `WITH beat AS (${this.#statement}) SELECT ${NEWEST_BACKEND} AS age_ms`
    this.#standbys = options.members
      .filter(({ name }) => name !== member.name)
      .map((target) => ({
        target,
        line: aLine(),
        control: aLine(),
        client: options.observerOf(target),
        messageAgeMs: null,
      }))
  }

  get member(): string {
    return this.#member.name
  }

  /** The primary kept us waiting at the last beat. One that refuses does not: nobody takes it for silent. */
  get isKeptWaiting(): boolean {
    return !this.#wasPrimaryCalm && !this.isRefusing
  }

  get isWriting(): boolean {
    return this.#isWriting
  }

  /** The member says itself, or its kernel does, that it takes no writes. */
  get isRefusing(): boolean {
    return this.#refusals >= REFUSALS
  }

  start(): void {
    this.#ask()
    void this.#hurry()
    this.#timer = setInterval(() => this.#ask(), PROBE_EVERY_MS)
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    clearInterval(this.#timer)
    await this.#keptClient.close()
  }

  view(): ProbeView {
    const now = this.#options.now()
    const recent = this.#kept.recent.filter(({ at }) => now - at < WORST_OF_LAST_MS)
    return {
      member: this.#member.name,
      since: this.#since,
      keptAt: this.#kept.answeredAt,
      keptWorstMs: recent.length === 0 ? null : Math.max(...recent.map(({ tookMs }) => tookMs)),
      isWriting: this.#isWriting,
      freshAt: this.#fresh.answeredAt,
      freshUnansweredSince: this.#fresh.unansweredSince,
      newestBackendAt: this.#newestBackendAt,
      spokeToQuestionOf: this.#spokeToQuestionOf,
      standbys: this.#standbys.map(({ target, line, control, messageAgeMs }) => ({
        name: target.name,
        answeredAt: line.answeredAt,
        messageAgeMs,
        freshAt: control.answeredAt,
      })),
    }
  }

  #ask(): void {
    const isPrimaryCalm = this.#areCalm(this.#ownLines())
    const isCalm = isPrimaryCalm && this.#areCalm(this.#standbys.map(({ line }) => line))
    const isDue = (beats: number): boolean => !isCalm || this.#beats % beats === 0
    this.#askKept()
    if (isDue(CALM_BEATS.fresh) && !this.#saysEnough())
      this.#tryFresh(this.#fresh, this.#member, this.#statement)
    if (isDue(CALM_BEATS.standbys)) this.#askStandbys()
    // before the first beat it was not asked
    this.#wasPrimaryCalm = isPrimaryCalm || this.#beats === 0
    this.#beats += 1
    if (!isCalm || !this.#isWriting) this.#options.onUnease()
  }

  /** A member that has just got the leadership is about to leave recovery, and clients wait for it. */
  async #hurry(): Promise<void> {
    const until = this.#since + HURRY_FOR_MS
    for (;;) {
      await sleep(HURRY_EVERY_MS)
      if (this.#isStopped || this.#isWriting || this.#options.now() >= until) return
      this.#askKept()
    }
  }

  #askKept(): void {
    // after the end, a question would open a connection that nobody closes
    if (this.#isStopped) return
    if (!this.#isFreshWaitedFor()) {
      this.#newestBackendAt = null
      void this.#question(this.#kept, () => this.#write())
      return
    }
    void this.#question(this.#kept, async () => {
      const [row] = await this.#keptClient.query<{ age_ms: number | null }>(
        this.#askingStatement,
        DEADLINE_MS,
      )
      const ageMs = row?.age_ms ?? null
      this.#newestBackendAt = ageMs === null ? null : this.#options.now() - ageMs
    })
  }

  /** A member that is not promoted yet is asked whether it is: to refuse a write costs it an error and two lines of its log. */
  async #write(): Promise<typeof NOT_YET | undefined> {
    if (this.#firstWriteAt === undefined) {
      const [row] = await this.#keptClient.query<{ is_standby: boolean }>(IS_STANDBY, DEADLINE_MS)
      if (row?.is_standby === true) return NOT_YET
    }
    await this.#keptClient.query(this.#statement, DEADLINE_MS)
    return undefined
  }

  /**
   * It refuses, and is quick to say so: it would tell a new connection the same. A server that shuts down ends only after the
   * last of those that it turns away, each with a process and a handshake of its own. One that is being promoted has all its
   * clients waiting for the processors that these would take.
   */
  #saysEnough(): boolean {
    const now = this.#options.now()
    const { unansweredSince } = this.#kept
    const isWaiting = unansweredSince !== null && now - unansweredSince >= CALM_ANSWER_MS
    const isBegun = this.#fresh.unansweredSince !== null
    return (this.isRefusing || this.#isNew(now)) && !isWaiting && !isBegun
  }

  /** It is being promoted, or was just now and lets its clients in; or we have only begun to watch it. */
  #isNew(now: number): boolean {
    return this.#firstWriteAt === undefined
      ? now - this.#since < HURRY_FOR_MS
      : now - this.#firstWriteAt < SETTLE_MS
  }

  /** A fresh connection has been waited for so long that others are asked about it. */
  #isFreshWaitedFor(): boolean {
    const { unansweredSince } = this.#fresh
    return unansweredSince !== null && this.#options.now() - unansweredSince >= CONTROL_AFTER_MS
  }

  #askStandbys(): void {
    const needsControl = this.#isFreshWaitedFor()
    for (const standby of this.#standbys) {
      void this.#question(standby.line, async () => {
        const [row] = await standby.client.query<{ age_ms: number | null }>(
          RECEIVER_AGE,
          DEADLINE_MS,
        )
        standby.messageAgeMs = row?.age_ms ?? null
      })
      if (needsControl) this.#tryFresh(standby.control, standby.target, 'SELECT 1')
    }
  }

  /** The lines to the primary that have been asked. */
  #ownLines(): readonly Line[] {
    const { openSince, answeredAt } = this.#fresh
    const isAsked = openSince !== null || answeredAt !== null
    return isAsked || !this.#isNew(this.#options.now()) ? [this.#kept, this.#fresh] : [this.#kept]
  }

  /** Every line has answered lately, and none keeps us waiting. */
  #areCalm(lines: readonly Line[]): boolean {
    const now = this.#options.now()
    return lines.every(
      ({ openSince, answeredAt }) =>
        answeredAt !== null &&
        now - answeredAt < (CALM_BEATS.fresh + 1) * PROBE_EVERY_MS &&
        (openSince === null || now - openSince < CALM_ANSWER_MS),
    )
  }

  /**
   * A fresh connection. The first byte counts as the answer: the postmaster sends it through a process that it has just made
   * for us, which one that hangs cannot; the login behind it takes seconds on a machine that is merely busy.
   */
  #tryFresh(line: Line, target: ProbeTarget, statement: string): void {
    void this.#question(line, async () => {
      const begunAt = this.#options.now()
      let isHeard = false
      const client = this.#options.connectProbe(target, {
        onFirstByte: () => {
          isHeard = true
          clearTimeout(giveUp)
          noteAnswer(line, begunAt, this.#options.now())
        },
      })
      // After a slip of ours its answer may be there and only not be read yet: that is done before the callback runs.
      const giveUp = setTimeout(
        () => setImmediate(() => isHeard || void client.close()),
        FIRST_BYTE_MS,
      )
      try {
        await client.query(statement, DEADLINE_MS)
      } finally {
        clearTimeout(giveUp)
        // its goodbye is no part of the answer's time
        void client.close()
      }
    })
  }

  /** One question at a time on each line: a frozen server costs one open socket, not one per half second. */
  async #question(line: Line, ask: () => Promise<unknown>): Promise<void> {
    if (line.openSince !== null) return
    const sentAt = this.#options.now()
    line.openSince = sentAt
    line.unansweredSince ??= sentAt
    let outcome: Outcome = 'done'
    let isRefusal = false
    try {
      if ((await ask()) === NOT_YET) outcome = 'spoke'
    } catch (thrown) {
      outcome = outcomeOf(thrown)
      isRefusal = saysNoWrites(thrown)
    }
    line.openSince = null
    if (outcome !== 'silent') noteAnswer(line, sentAt, this.#options.now())
    if (line === this.#kept) this.#noteKept(outcome === 'done', isRefusal)
    if (line === this.#kept || line === this.#fresh) this.#notePrimary(outcome, sentAt)
  }

  /** The first refusal after a write is asked about at once, and the second one tells whoever holds clients. */
  #noteKept(isWritten: boolean, isRefusal: boolean): void {
    const wasWriting = this.#isWriting
    this.#isWriting = isWritten
    if (isWritten) this.#firstWriteAt ??= this.#options.now()
    this.#refusals = isRefusal ? this.#refusals + 1 : 0
    if (this.#refusals === 1 && wasWriting) void sleep(ASK_AGAIN_MS).then(() => this.#askKept())
    if (this.#refusals === REFUSALS) this.#options.onUnease()
  }

  #notePrimary(outcome: Outcome, sentAt: number): void {
    if (outcome === 'done' || outcome === 'spoke') this.#spokeToQuestionOf = sentAt
    if (outcome === 'done') this.#options.onWrite(this.#member.name, sentAt)
  }
}

function noteAnswer(line: Line, sentAt: number, answeredAt: number): void {
  line.answeredAt = answeredAt
  line.unansweredSince = null
  line.recent.push({ at: answeredAt, tookMs: answeredAt - sentAt })
  while ((line.recent[0]?.at ?? answeredAt) < answeredAt - WORST_OF_LAST_MS) line.recent.shift()
}
