/** Members as patronictl would list them: what Patroni says goes first, PostgreSQL's own words fill the gaps. */
import type { MemberStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { lagBytes } from './lsn.ts'
import {
  valueOf,
  type MemberObservation,
  type PatroniView,
  type PostgresAnswer,
  type RawObservation,
} from './raw-observation.ts'

type Role = MemberStatus['role']
type ViewMember = PatroniView['members'][number]

/** patronictl's Leader, Sync Standby, Quorum Standby and Replica. */
const ROLE_OF_VIEW: Readonly<Record<string, Role>> = {
  leader: 'primary',
  standby_leader: 'primary',
  sync_standby: 'sync standby',
  quorum_standby: 'sync standby',
  replica: 'standby',
}

const ROLE_OF_PATRONI: Readonly<Record<string, Role>> = {
  primary: 'primary',
  master: 'primary',
  promoted: 'primary',
  standby_leader: 'primary',
  replica: 'standby',
  demoted: 'standby',
}

const SYNC_STATES: readonly string[] = ['sync', 'quorum']

/** Receivers of a primary whose acknowledgement counts. */
export const syncReceivers = (primary: PostgresAnswer): readonly string[] =>
  Object.entries(primary.syncStates)
    .filter(([, state]) => SYNC_STATES.includes(state))
    .map(([name]) => name)

const inView = (view: PatroniView | undefined, member: MemberObservation): ViewMember | undefined =>
  view?.members.find(({ name, host }) => name === member.name || host === member.address)

const roleOf = (
  member: MemberObservation,
  seen: ViewMember | undefined,
  acknowledging: readonly string[],
): Role => {
  if (seen !== undefined) return ROLE_OF_VIEW[seen.role] ?? 'unknown'
  const patroni = valueOf(member.patroni)
  const postgres = valueOf(member.postgres)
  if (patroni !== undefined) {
    const role = ROLE_OF_PATRONI[patroni.role] ?? 'unknown'
    return role === 'standby' && patroni.syncStandby ? 'sync standby' : role
  }
  if (postgres === undefined) return 'unknown'
  if (!postgres.inRecovery) return 'primary'
  return acknowledging.includes(member.name) ? 'sync standby' : 'standby'
}

const stateOf = (member: MemberObservation, seen: ViewMember | undefined, role: Role): string => {
  const patroni = valueOf(member.patroni)
  if (patroni !== undefined)
    return role === 'primary' ? patroni.state : (patroni.replicationState ?? patroni.state)
  if (!member.postgres.ok) return 'unreachable'
  return seen?.state ?? 'running'
}

/** 170012 is 17.12. */
const versionOfNumber = (version: number | null | undefined): string | null =>
  version == null ? null : `${Math.floor(version / 10_000)}.${version % 10_000}`

/**
 * Age of a standby's newest replayed commit. PostgreSQL's own zero is believed only when the standby has
 * what the primary wrote, or still receives: one that was cut off has replayed all that it knows of.
 */
const lagMsOf = (standby: PostgresAnswer, missing: number | null): number | null => {
  if (missing === 0) return 0
  if (standby.lagMs === null || standby.lagMs > 0) return standby.lagMs
  if (missing === null || standby.receiverStreaming) return standby.lagMs
  return standby.replayedCommitAgeMs
}

const lagOf = (
  member: MemberObservation,
  seen: ViewMember | undefined,
  primary: PostgresAnswer | undefined,
): { readonly bytes: number | null; readonly ms: number | null } => {
  const postgres = valueOf(member.postgres)
  if (postgres === undefined) return { bytes: seen?.lagBytes ?? null, ms: null }
  if (!postgres.inRecovery) return { bytes: null, ms: null }
  const bytes = primary === undefined ? null : lagBytes(primary.lsn, postgres.lsn)
  return { bytes: bytes ?? seen?.lagBytes ?? null, ms: lagMsOf(postgres, bytes) }
}

const diskOf = ({ slowFacts }: MemberObservation): MemberStatus['disk'] => {
  if (!slowFacts.ok) return null
  const { sizeBytes, availableBytes, usedRatio } = slowFacts.value.disk
  return { size_bytes: sizeBytes, available_bytes: availableBytes, used_ratio: usedRatio }
}

/** The newest word about it first: PostgreSQL's own, then its Patroni's, then what Patroni published. */
const firstKnown = <T>(...words: readonly (T | null | undefined)[]): T | null =>
  words.find((word) => word != null) ?? null

const factsOf = (
  member: MemberObservation,
  seen: ViewMember | undefined,
): Pick<
  MemberStatus,
  'timeline' | 'lsn' | 'pending_restart' | 'version' | 'connections' | 'disk'
> => {
  const postgres = valueOf(member.postgres)
  const patroni = valueOf(member.patroni)
  return {
    timeline: firstKnown(postgres?.timeline, patroni?.timeline, seen?.timeline),
    lsn: firstKnown(postgres?.lsn),
    pending_restart: (patroni ?? seen)?.pendingRestart === true,
    version: firstKnown(postgres?.version, versionOfNumber(patroni?.serverVersion)),
    connections: firstKnown(postgres?.connections),
    disk: diskOf(member),
  }
}

const statusOf = (
  member: MemberObservation,
  seen: ViewMember | undefined,
  role: Role,
  primary: PostgresAnswer | undefined,
): MemberStatus => {
  const lag = role === 'primary' ? { bytes: null, ms: null } : lagOf(member, seen, primary)
  return {
    name: member.name,
    host: member.host,
    address: member.address,
    role,
    state: stateOf(member, seen, role),
    lag_bytes: lag.bytes,
    lag_ms: lag.ms,
    ...factsOf(member, seen),
  }
}

export interface AssessedMembers {
  readonly members: readonly MemberStatus[]
  /** The member that is primary, if there is exactly one word about it. */
  readonly primary: MemberStatus | undefined
  /** What that member's PostgreSQL says, when it answers and is out of recovery. */
  readonly primaryPostgres: PostgresAnswer | undefined
}

export function assessMembers(raw: RawObservation): AssessedMembers {
  const view = valueOf(raw.patroniView)
  const writable = raw.members.filter(({ postgres }) => valueOf(postgres)?.inRecovery === false)
  const acknowledging = writable.flatMap(({ postgres }) => {
    const value = valueOf(postgres)
    return value === undefined ? [] : syncReceivers(value)
  })
  const roles = raw.members.map((member) => {
    const seen = inView(view, member)
    return { member, seen, role: roleOf(member, seen, acknowledging) }
  })
  // the lock holder's WAL is the measure; without one, that of the only member out of recovery
  const holder = roles.find(({ role }) => role === 'primary')?.member ?? writable[0]
  const own = holder === undefined ? undefined : valueOf(holder.postgres)
  const primaryPostgres = own?.inRecovery === false ? own : undefined
  const members = roles.map(({ member, seen, role }) =>
    statusOf(member, seen, role, primaryPostgres),
  )
  return { members, primary: members.find(({ role }) => role === 'primary'), primaryPostgres }
}
