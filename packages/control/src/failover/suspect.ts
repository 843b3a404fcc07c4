/**
 * Is the primary hung, although its container runs? Pure, from what several witnesses saw. A single witness proves
 * nothing: a false fence is the worst this product can do, so each kind needs witnesses that do not share
 * a cause, and a window in which a standby was silent too does not count. Neither does time in which this process itself
 * was slow: it ends the short windows, and is taken off the long one, which would otherwise begin anew just when a busy
 * machine slips. An answer that came meanwhile is read before anybody is killed: the fence is
 * written down first, and what the witnesses have seen by then is looked at again. (DESIGN 8.5, which discards every
 * window with a slip)
 *
 * | reason             | silent                                  | and at the same time                                          |
 * |--------------------|-----------------------------------------|---------------------------------------------------------------|
 * | unresponsive       | kept and fresh connection, 2 s          | every standby hears nothing from it; Patroni neither writes nor answers |
 * | no-new-connections | fresh connection, 5 s                   | the kept one writes quickly and says that the postmaster has made no process for anybody for 4 s; new connections to standbys are quick |
 * | patroni-hung       | its REST API, 2 s; /status still, 2.5 s | PostgreSQL writes quickly, the other members' REST APIs answer          |
 */
import { CONTROLLER_TIMINGS } from '@neuronha/core/predict/controller-timings.ts'
import type { Suspicion } from './decide-fence.ts'

export interface StandbyWitness {
  readonly name: string
  /** Its kept connection answered last, monotonic milliseconds; null: never. */
  readonly answeredAt: number | null
  /** Age of the newest message that it had from the primary, at that time; null: it receives nothing at all. */
  readonly messageAgeMs: number | null
  /** A fresh connection to it answered last; only tried while the primary takes none. */
  readonly freshAt: number | null
}

/** This process did nothing for so long, until then. */
export interface Slip {
  readonly endedAt: number
  readonly lostMs: number
}

export interface PrimaryWitnesses {
  readonly now: number
  readonly member: string
  /** When probing of this member began. */
  readonly since: number
  /** The kept connection's last sign of life, and the worst answer time of the last seconds. */
  readonly keptAt: number | null
  readonly keptWorstMs: number | null
  /** The kept connection's last answer was a write; a refusal or an error shows life, and no more. */
  readonly isWriting: boolean
  readonly freshAt: number | null
  /** When the first fresh connection was begun that has got no answer; null: the last one has. */
  readonly freshUnansweredSince: number | null
  /** The postmaster made its last process, for whomever, at this time; null: nobody has asked. */
  readonly newestBackendAt: number | null
  /** Patroni's REST API answered last; null while it is not asked, because etcd shows its loop at work. */
  readonly restSilentMs: number | null
  /** How long Patroni's /status has stood still in etcd, as long as etcd answered us; null: unknown. */
  readonly statusStillMs: number | null
  /** When our own timer slipped lately, the last one at the end; older than the longest window are of no interest. */
  readonly slips: readonly Slip[]
  readonly standbys: readonly StandbyWitness[]
}

export const UNRESPONSIVE_MS = CONTROLLER_TIMINGS.silentAfterMs
export const NO_NEW_CONNECTIONS_MS = CONTROLLER_TIMINGS.freshSilentAfterMs
export const PATRONI_HUNG_MS = CONTROLLER_TIMINGS.patroniSilentAfterMs
/** Timer slips up to this are ordinary. */
export const SLIP_MS = 250

const QUICK_MS = 1000
/** On a machine that is short of processors the postmaster itself took up to a second to answer. */
const FRESH_UNANSWERED_MS = 1500
/** Less than a fresh connection is waited for: the postmaster may have served somebody else just before it hung. */
const NO_PROCESS_MS = NO_NEW_CONNECTIONS_MS - 1000
const STANDBY_SILENT_MS = 1500
const RECEIVER_SILENT_MS = 1500
const STATUS_STILL_MS = 1500
/** Its REST API is only asked once something is amiss. */
const REST_SILENT_MS = 800
const STATUS_HUNG_MS = 2500

/** The last moment that spoils a short window: our own slip, or the beginning of the watch. */
const spoiledAt = ({ slips, since }: PrimaryWitnesses): number =>
  Math.max(slips.at(-1)?.endedAt ?? since, since)

const silentMs = (seen: PrimaryWitnesses, answeredAt: number | null): number =>
  seen.now - Math.max(answeredAt ?? seen.since, spoiledAt(seen))

/** Slips are known for so long: of what was before nothing is said. */
export const SLIPS_KEPT_MS = 15_000

/** How long this process has been at work since then. */
function wakefulMs({ now, slips }: PrimaryWitnesses, moment: number): number {
  const from = Math.max(moment, now - SLIPS_KEPT_MS)
  return slips.reduce(
    (left, { endedAt, lostMs }) => left - Math.max(0, Math.min(lostMs, endedAt - from)),
    now - from,
  )
}

const areStandbysQuick = ({ standbys, now }: PrimaryWitnesses): boolean =>
  standbys.length > 0 &&
  standbys.every(({ answeredAt }) => answeredAt !== null && now - answeredAt < STANDBY_SILENT_MS)

const isKeptQuick = (seen: PrimaryWitnesses): boolean =>
  seen.isWriting &&
  seen.keptAt !== null &&
  seen.now - seen.keptAt < QUICK_MS &&
  seen.keptWorstMs !== null &&
  seen.keptWorstMs < QUICK_MS

/** A standby's message age grows by itself after its answer. */
const messageAgeNow = (now: number, { answeredAt, messageAgeMs }: StandbyWitness): number =>
  answeredAt === null || messageAgeMs === null
    ? Number.POSITIVE_INFINITY
    : messageAgeMs + (now - answeredAt)

interface Silence {
  readonly keptMs: number
  readonly freshMs: number
  /** The same as `freshMs`, `freshUnansweredMs`, less the time in which this process was slow. */
  readonly wakeful: { readonly freshMs: number; readonly freshUnansweredMs: number }
  /** Fresh connections are seldom tried while all is well: how long one has been waited for. */
  readonly freshUnansweredMs: number
  /** Age of the newest message that each standby had from it. */
  readonly messagesMs: readonly number[]
  readonly statusMs: number
  readonly restMs: number
}

const silenceOf = (seen: PrimaryWitnesses): Silence => ({
  keptMs: silentMs(seen, seen.keptAt),
  freshMs: silentMs(seen, seen.freshAt),
  freshUnansweredMs:
    seen.freshUnansweredSince === null
      ? 0
      : seen.now - Math.max(seen.freshUnansweredSince, spoiledAt(seen)),
  wakeful: {
    freshMs: wakefulMs(seen, Math.max(seen.freshAt ?? seen.since, seen.since)),
    freshUnansweredMs:
      seen.freshUnansweredSince === null ? 0 : wakefulMs(seen, seen.freshUnansweredSince),
  },
  messagesMs: seen.standbys.map((standby) => messageAgeNow(seen.now, standby)),
  // unknown is never silent
  statusMs: seen.statusStillMs ?? 0,
  restMs: seen.restSilentMs ?? 0,
})

/** One that has not answered since we watch it may be promoting still: it gets twice the time. */
const hasHadItsTime = ({ keptAt, freshAt, now, since }: PrimaryWitnesses): boolean =>
  keptAt !== null || freshAt !== null || now - since >= 2 * UNRESPONSIVE_MS

const isUnresponsive = (
  seen: PrimaryWitnesses,
  { keptMs, freshMs, freshUnansweredMs, messagesMs, statusMs, restMs }: Silence,
): boolean =>
  hasHadItsTime(seen) &&
  keptMs >= UNRESPONSIVE_MS &&
  freshMs >= UNRESPONSIVE_MS &&
  freshUnansweredMs >= FRESH_UNANSWERED_MS &&
  messagesMs.every((age) => age >= RECEIVER_SILENT_MS) &&
  statusMs >= STATUS_STILL_MS &&
  restMs >= REST_SILENT_MS

/**
 * A postmaster that hangs makes no process for anybody. One that is busy does, one by one, and those who wait longer than
 * they care to are still in its queue: seen with five hundred of them, and fencing it then began the next queue.
 */
const hasMadeNoProcess = ({ newestBackendAt, now }: PrimaryWitnesses): boolean =>
  newestBackendAt !== null && now - newestBackendAt >= NO_PROCESS_MS

/** A member that we have only begun to watch is not tried at once: then its silence is as old as our first try. */
const takesNoConnections = (
  seen: PrimaryWitnesses,
  { wakeful: { freshMs, freshUnansweredMs } }: Silence,
): boolean =>
  isKeptQuick(seen) &&
  (seen.freshAt === null ? freshUnansweredMs : freshMs) >= NO_NEW_CONNECTIONS_MS &&
  freshUnansweredMs >= FRESH_UNANSWERED_MS &&
  hasMadeNoProcess(seen) &&
  seen.standbys.every(({ freshAt }) => freshAt !== null && seen.now - freshAt < 2 * QUICK_MS)

const isPatroniHung = (seen: PrimaryWitnesses, { statusMs, restMs }: Silence): boolean =>
  isKeptQuick(seen) &&
  statusMs >= STATUS_HUNG_MS &&
  restMs >= PATRONI_HUNG_MS &&
  seen.now - spoiledAt(seen) >= STATUS_HUNG_MS

const reasonOf = (seen: PrimaryWitnesses, silence: Silence): Suspicion['reason'] | undefined => {
  if (isUnresponsive(seen, silence)) return 'unresponsive'
  if (takesNoConnections(seen, silence)) return 'no-new-connections'
  return isPatroniHung(seen, silence) ? 'patroni-hung' : undefined
}

const rounded = (value: number): number | null =>
  Number.isFinite(value) ? Math.round(value) : null

/** What each witness saw, in milliseconds; null: nothing. */
export type Testimony = Readonly<Record<string, number | null>>

export function testify(seen: PrimaryWitnesses): Testimony {
  const silence = silenceOf(seen)
  const { slips, newestBackendAt, standbys, now } = seen
  const oldest = (moments: readonly (number | null)[]): number | null =>
    rounded(Math.max(...moments.map((at) => (at === null ? Number.POSITIVE_INFINITY : now - at))))
  return {
    keptSilentMs: rounded(silence.keptMs),
    keptWorstMs: seen.keptWorstMs === null ? null : rounded(seen.keptWorstMs),
    freshSilentMs: rounded(silence.wakeful.freshMs),
    freshUnansweredMs: rounded(silence.wakeful.freshUnansweredMs),
    newestProcessMs: newestBackendAt === null ? null : rounded(now - newestBackendAt),
    youngestMessageMs: rounded(Math.min(...silence.messagesMs)),
    statusStillMs: rounded(silence.statusMs),
    restSilentMs: rounded(silence.restMs),
    standbysSilentMs: oldest(standbys.map(({ answeredAt }) => answeredAt)),
    standbysFreshSilentMs: oldest(standbys.map(({ freshAt }) => freshAt)),
    ownSlipsMs: rounded(slips.reduce((sum, { lostMs }) => sum + lostMs, 0)),
  }
}

/** Reason to believe that the primary hangs, with what each witness saw; null when one of them speaks for its life. */
export function suspect(seen: PrimaryWitnesses): Suspicion | null {
  if (!areStandbysQuick(seen)) return null
  const reason = reasonOf(seen, silenceOf(seen))
  return reason === undefined ? null : { member: seen.member, reason, evidence: testify(seen) }
}
