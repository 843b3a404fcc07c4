/**
 * What planned work needs of the world: the fewest questions and acts that do. The real ones stand beside this file
 * (member-databases, router-fleet, patroni-control) and in poolers/; tests have fakes of these same ports.
 */
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import type { NewEvent } from '@neuronha/core/contracts/coordination.ts'
import type { Kv } from '../etcd/kv.ts'
import type { Progress } from '../setup/progress.ts'

/** A transaction that was open on the primary at one look. */
export interface OpenTransaction {
  readonly pid: number
  readonly user: string
  readonly database: string
  readonly application: string
  /** `active`, `idle in transaction`, … */
  readonly state: string
  readonly ageMs: number
  /** Waits for a standby's acknowledgement. */
  readonly waitsForStandby: boolean
  /** The beginning of its last statement. */
  readonly query: string
}

/** The client behind a server connection that a pooler could not close yet. */
export interface PoolerHolder {
  readonly pooler: string
  readonly database: string
  readonly user: string
  readonly application: string
  /** The client's address, as the pooler sees it. */
  readonly address: string
  /** The backend on the primary. */
  readonly pid: number
}

export interface PoolerFleet {
  /** Opens the connections of PAUSE and RESUME, so that no handshake counts as stall. Throws naming the pooler. */
  open(): Promise<void>
  /** Pauses every write entry of every pooler; answers with the poolers that were not quiet in time. */
  pause(deadlineMs: number): Promise<readonly string[]>
  /** Who kept these poolers from being quiet. */
  holders(poolers: readonly string[]): Promise<readonly PoolerHolder[]>
  /** Resumes all of them, "not paused" included; answers with those that could not be reached. */
  resume(): Promise<readonly string[]>
  close(): Promise<void>
}

export interface MemberDatabases {
  /** The deadline includes the login, if there is none yet; default: what clients that are held can bear. */
  openTransactions(member: string, deadlineMs?: number): Promise<readonly OpenTransaction[]>
  /** Throws when it is not done in time. */
  checkpoint(member: string, deadlineMs: number): Promise<void>
  /** Primary: flushed; standby: received and flushed. */
  flushedLsn(member: string): Promise<string>
  isInRecovery(member: string): Promise<boolean>
  /** It turns sessions away because it is being shut down, or is down. Silence is neither. */
  isStopping(member: string): Promise<boolean>
  close(): Promise<void>
}

export interface RouterFleet {
  /** Tells every router that this member writes now; those that cannot be told find out by their own checks. */
  lead(member: string): Promise<void>
  /** The routers that do not yet send writes to exactly this member, with what they do instead. */
  notLeadingTo(member: string): Promise<readonly string[]>
  /**
   * Commits something through every router's write port, on this member. Each call tries those that have not yet; it
   * answers with the ones that still have not, in words, or with nothing when all have.
   */
  proofOf(member: string): () => Promise<string>
}

export interface PatroniAnswer {
  readonly status: number
  readonly words: string
}

/** Patroni's REST API, the acting half; each call goes to the member that it is about. */
export interface PatroniControl {
  switchover(leader: string, candidate: string): Promise<PatroniAnswer>
  restart(member: string): Promise<PatroniAnswer>
  reinitialize(member: string): Promise<PatroniAnswer>
}

export interface PlannedClock {
  /** Monotonic, milliseconds. */
  now(): number
  /** Never rejects. */
  sleep(ms: number): Promise<void>
}

export interface PlannedDeps {
  readonly cluster: string
  readonly syncStandbys: number
  readonly kv: Kv
  /** Notes an event; whoever made these deps sees to it that it gets written. */
  readonly record: (event: NewEvent) => void
  readonly progress: Progress
  readonly clock: PlannedClock
  readonly signal: AbortSignal
  /** Who asks: `user@machine`, or a controller's name. */
  readonly actor: string
  readonly observe: () => Promise<ClusterStatus>
  readonly members: MemberDatabases
  readonly routers: RouterFleet
  readonly patroni: PatroniControl
  /** A fleet for one use: its connections are its own. */
  readonly poolers: () => PoolerFleet
}
