/**
 * Holds the clients at the poolers while there is certainly no primary, so that they wait instead of being turned away.
 * Without it a pooler tries to log in to the dead primary, turns away every client that asks meanwhile (PgBouncer:
 * "server login has been failing"), and each comes again with two handshakes: on a small machine that costs more
 * than the election. PAUSE also closes the logins that hang.
 *
 *   free ──a fence is open on one that writes no more, or the primary itself refuses writes──▶ held
 *   held ──the routers were told of a primary that writes──▶ free
 *   held ──neither reason is left, and nobody is being told──▶ free
 *   held ──RESUME_BY_MS, or we are not active any more──▶ free     from here on clients get errors, and try again
 *
 * Each reason holds them once. A controller that dies meanwhile leaves them to the poolers' dead-man loops.
 */
import { isFenceOpen, type FenceRecord } from '@neuronha/core/contracts/coordination.ts'
import { toPlatformError } from '@neuronha/core/errors.ts'
import type { Logger } from '@neuronha/runtime/logger.ts'
import type { EventLog } from '../events/event-log.ts'
import type { PoolerFleet } from '../planned/ports.ts'
import { RESUME_BY_MS } from '../poolers/pooler-fleet.ts'
import type { CoordinationView } from './coordination-view.ts'
import { SETTLE_MS } from './write-probe.ts'

export interface ClientPauseOptions {
  readonly poolers: Pick<PoolerFleet, 'open' | 'pause' | 'resume' | 'close'>
  /** The next write of the primary is to be shown to the routers, whether or not they know it. */
  readonly onHeld: () => void
  /** Are the routers being told just now? */
  readonly isShowing: () => boolean
  readonly events: Pick<EventLog, 'record'>
  readonly logger: Pick<Logger, 'warn'>
  /** Monotonic, milliseconds. */
  readonly now: () => number
}

/** What the active controller knows at one look. */
export interface PauseView extends Pick<
  CoordinationView,
  'record' | 'maintenance' | 'isSwitchoverOpen' | 'holds'
> {
  /** The primary whose server refuses writes in so many words; a silent one is the fence's business. */
  readonly refusing: string | undefined
}

interface Reason {
  readonly key: string
  readonly member: string
  readonly fence: string | null
}

interface Held {
  readonly since: number
  readonly limit: NodeJS.Timeout
  /** Ends when every PAUSE was answered or given up. */
  readonly answered: Promise<unknown>
}

/** PAUSE is in force as soon as it is read; its answer waits for connections to the dead primary. */
const PAUSE_ANSWER_MS = 2000
/** The consoles' connections are tried so often, so that they are there when they are needed. */
export const KEEP_OPEN_EVERY_MS = 30_000

export class ClientPause {
  readonly #options: ClientPauseOptions
  /** Why clients are, or were, held in this outage. */
  readonly #spent = new Set<string>()
  #reason: Reason | undefined
  #held: Held | undefined
  /** When clients were last known to be held, by a switchover too. */
  #heldAt: number | undefined
  #openedAt: number | undefined
  #trouble = ''
  #work: Promise<void> = Promise.resolve()

  constructor(options: ClientPauseOptions) {
    this.#options = options
  }

  /** At each look of the active controller. */
  noteLook(view: PauseView): void {
    const reason = reasonOf(view)
    if (view.isSwitchoverOpen) this.#heldAt = this.#options.now()
    if (this.#held !== undefined) this.#holdOn(reason)
    else if (reason === undefined) {
      this.#spent.clear()
      this.#keepOpen()
    } else if (!this.#spent.has(reason.key)) this.#hold(reason)
  }

  /**
   * Clients are held, by us or by a switchover, or were until just now. Whatever can wait a few seconds should: on a small
   * machine the members need all processors to change the primary, and then to let the clients in.
   */
  isHandingOver(): boolean {
    const sinceMs = this.#options.now() - (this.#heldAt ?? -Infinity)
    return this.#held !== undefined || sinceMs < SETTLE_MS
  }

  /** The routers were told of this primary, which writes. */
  noteShown(member: string): void {
    const isFenced = this.#reason?.fence !== null && this.#reason?.member === member
    if (!isFenced) this.#release(`the routers lead to ${member}`)
  }

  /** This controller is not the active one. */
  rest(): void {
    this.#release('another controller is active')
    this.#spent.clear()
  }

  async close(): Promise<void> {
    this.#release('the controller ends')
    await this.#work
    await this.#options.poolers.close()
  }

  #hold(reason: Reason): void {
    const { poolers, now, onHeld } = this.#options
    this.#reason = reason
    this.#spent.add(reason.key)
    const answered = poolers.pause(PAUSE_ANSWER_MS)
    // Not by the next look, which may hang with whatever it asks.
    const limit = setTimeout(() => this.#release('nobody took over in time'), RESUME_BY_MS)
    this.#held = { since: now(), limit, answered }
    onHeld()
  }

  #holdOn(reason: Reason | undefined): void {
    if (reason !== undefined) {
      this.#reason = reason
      this.#spent.add(reason.key)
    } else if (!this.#options.isShowing()) this.#release('the reason was gone')
  }

  #release(why: string): void {
    const held = this.#held
    const reason = this.#reason
    if (held === undefined || reason === undefined) return
    this.#held = undefined
    clearTimeout(held.limit)
    this.#heldAt = this.#options.now()
    const heldMs = Math.round(this.#heldAt - held.since)
    this.#options.events.record({
      kind: 'failover.clients-held',
      severity: 'info',
      target: reason.member,
      summary: `clients were held for ${heldMs} ms, until ${why}`,
      evidence: { fence: reason.fence, heldMs },
    })
    this.#track(this.#resume(held))
  }

  async #resume({ answered }: Held): Promise<void> {
    await this.#options.poolers.resume()
    // a PAUSE that was still on its way must not have the last word, unless it is the next one
    await answered
    if (this.#held === undefined) await this.#options.poolers.resume()
  }

  #keepOpen(): void {
    const { now, poolers, logger } = this.#options
    if (this.#openedAt !== undefined && now() - this.#openedAt < KEEP_OPEN_EVERY_MS) return
    this.#openedAt = now()
    const opened = poolers.open().then(
      () => {
        this.#trouble = ''
      },
      (thrown: unknown) => {
        const why = toPlatformError(thrown).message
        if (why !== this.#trouble)
          logger.warn({ why }, 'a pooler’s clients could not be held at a failover now')
        this.#trouble = why
      },
    )
    this.#track(opened)
  }

  /** `close` waits for what is under way. */
  #track(work: Promise<void>): void {
    this.#work = Promise.all([this.#work, work]).then(() => undefined)
  }
}

/** Some who are fenced serve the clients that they have until they are killed. */
const mayStillWrite = ({ reason, phase }: FenceRecord): boolean =>
  phase === 'intended' && (reason === 'patroni-hung' || reason === 'no-new-connections')

/** A planned act holds its clients itself, or means not to. */
function reasonOf({
  record,
  refusing,
  maintenance,
  isSwitchoverOpen,
  holds,
}: PauseView): Reason | undefined {
  if (record !== null && isFenceOpen(record) && !mayStillWrite(record))
    return { key: record.id, member: record.term.member, fence: record.id }
  const isPlanned = maintenance !== null || isSwitchoverOpen
  if (refusing === undefined || isPlanned || holds.has(refusing)) return undefined
  return { key: `${refusing} refuses`, member: refusing, fence: null }
}
