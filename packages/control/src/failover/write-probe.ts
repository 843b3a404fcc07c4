/**
 * Asks the present primary, straight, again and again: on one kept connection and on a fresh one each time, whether a
 * write still gets through. The write is the controller's own row, committed without waiting for a standby (a
 * synchronous one would hang when no standby is left, and fencing is the worst move then). Deadlines close the socket;
 * nothing is ever cancelled, because a cancelled wait for a standby returns success. Standbys are asked beside it: they
 * show whether it is us who are slow, and whether they still hear the primary.
 */
import { CONTROLLER_TIMINGS } from '@neuronha/core/predict/controller-timings.ts'
import { HEARTBEAT_TABLE } from '@neuronha/core/render/database-rights.ts'
import { quoteLiteral } from '@neuronha/core/render/sql.ts'
import type { DirectClient } from '@neuronha/runtime/postgres/direct-client.ts'
import type { StandbyWitness } from './suspect.ts'

export interface ProbeTarget {
  readonly name: string
  readonly address: string
}

export interface WriteProbeOptions {
  readonly members: readonly ProbeTarget[]
  /** A client with the probe's own role. */
  readonly connectProbe: (target: ProbeTarget) => DirectClient
  /** A client that may read the state of a standby's receiver. */
  readonly connectObserver: (target: ProbeTarget) => DirectClient
  readonly now: () => number
}

/** What the probe of the present primary knows. */
export interface ProbeView {
  readonly member: string
  readonly since: number
  readonly keptAt: number | null
  readonly keptWorstMs: number | null
  readonly freshAt: number | null
  /** An answer in PostgreSQL's own words, whose question was sent at this time. */
  readonly spokeToQuestionOf: number | null
  readonly standbys: readonly StandbyWitness[]
}

export const PROBE_EVERY_MS = CONTROLLER_TIMINGS.probeEveryMs
/** A question that is older has its socket closed. */
const DEADLINE_MS = 2500
/** Fresh connections to standbys are tried once the primary has taken none for so long. */
const CONTROL_AFTER_MS = 1500
const WORST_OF_LAST_MS = 5000

const RECEIVER_AGE = `SELECT extract(epoch FROM clock_timestamp() - last_msg_receipt_time)::float8 * 1000 AS age_ms FROM pg_stat_wal_receiver`

interface Line {
  /** The question that is open now was sent at this time. */
  openSince: number | null
  answeredAt: number | null
  readonly recent: { at: number; tookMs: number }[]
}

const aLine = (): Line => ({ openSince: null, answeredAt: null, recent: [] })

/** An error in PostgreSQL's own words, or a kernel's refusal, comes from something alive. */
const ALIVE_ERRNO = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE'])
const codeOf = (thrown: unknown): string => {
  const cause: unknown =
    thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string'
    ? cause.code
    : ''
}
const isSqlState = (code: string): boolean =>
  /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]{4}$/.test(code)

type Outcome = 'spoke' | 'alive' | 'silent'

const outcomeOf = (thrown: unknown): Outcome => {
  const code = codeOf(thrown)
  if (isSqlState(code)) return 'spoke'
  return ALIVE_ERRNO.has(code) ? 'alive' : 'silent'
}

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
  readonly #statement: string

  constructor(member: ProbeTarget, options: WriteProbeOptions) {
    this.#options = options
    this.#member = member
    this.#since = options.now()
    this.#keptClient = options.connectProbe(member)
    this.#statement = `INSERT INTO ${HEARTBEAT_TABLE} (member, at) VALUES (${quoteLiteral(member.name)}, clock_timestamp()) ON CONFLICT (member) DO UPDATE SET at = excluded.at`
    this.#standbys = options.members
      .filter(({ name }) => name !== member.name)
      .map((target) => ({
        target,
        line: aLine(),
        control: aLine(),
        client: options.connectObserver(target),
        messageAgeMs: null,
      }))
  }

  get member(): string {
    return this.#member.name
  }

  start(): void {
    this.#ask()
    this.#timer = setInterval(() => this.#ask(), PROBE_EVERY_MS)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    const clients = [this.#keptClient, ...this.#standbys.map(({ client }) => client)]
    await Promise.all(clients.map((client) => client.close()))
  }

  view(): ProbeView {
    const now = this.#options.now()
    const recent = this.#kept.recent.filter(({ at }) => now - at < WORST_OF_LAST_MS)
    return {
      member: this.#member.name,
      since: this.#since,
      keptAt: this.#kept.answeredAt,
      keptWorstMs: recent.length === 0 ? null : Math.max(...recent.map(({ tookMs }) => tookMs)),
      freshAt: this.#fresh.answeredAt,
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
    void this.#question(this.#kept, () => this.#keptClient.query(this.#statement, DEADLINE_MS))
    void this.#question(this.#fresh, () => this.#once(this.#member, this.#statement))
    const now = this.#options.now()
    const needsControl = now - (this.#fresh.answeredAt ?? this.#since) >= CONTROL_AFTER_MS
    for (const standby of this.#standbys) {
      void this.#question(standby.line, async () => {
        const [row] = await standby.client.query<{ age_ms: number | null }>(
          RECEIVER_AGE,
          DEADLINE_MS,
        )
        standby.messageAgeMs = row?.age_ms ?? null
      })
      if (needsControl)
        void this.#question(standby.control, () => this.#once(standby.target, 'SELECT 1'))
    }
  }

  async #once(target: ProbeTarget, statement: string): Promise<void> {
    const client = this.#options.connectProbe(target)
    try {
      await client.query(statement, DEADLINE_MS)
    } finally {
      // its goodbye is no part of the answer's time
      void client.close()
    }
  }

  /** One question at a time on each line: a frozen server costs one open socket, not one per half second. */
  async #question(line: Line, ask: () => Promise<unknown>): Promise<void> {
    if (line.openSince !== null) return
    const sentAt = this.#options.now()
    line.openSince = sentAt
    let outcome: Outcome = 'spoke'
    try {
      await ask()
    } catch (thrown) {
      outcome = outcomeOf(thrown)
    }
    line.openSince = null
    if (outcome === 'silent') return
    const answeredAt = this.#options.now()
    line.answeredAt = answeredAt
    const keptSince = answeredAt - WORST_OF_LAST_MS
    line.recent.push({ at: answeredAt, tookMs: answeredAt - sentAt })
    while ((line.recent[0]?.at ?? answeredAt) < keptSince) line.recent.shift()
    const isPrimaryLine = line === this.#kept || line === this.#fresh
    if (outcome === 'spoke' && isPrimaryLine) this.#spokeToQuestionOf = sentAt
  }
}
