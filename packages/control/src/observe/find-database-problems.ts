/** What can be wrong with members, replication and Patroni: each function looks for one thing. */
import type { ClusterStatus, MemberStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { syncReceivers, type AssessedMembers } from './assess-members.ts'
import { degraded, down, type Finding } from './finding.ts'
import {
  valueOf,
  type MemberObservation,
  type PostgresAnswer,
  type RawObservation,
} from './raw-observation.ts'
import { bytes, count, duration, list } from './words.ts'

type Look = (raw: RawObservation, assessed: AssessedMembers) => readonly Finding[]

const whySilent = ({ postgres, patroni }: MemberObservation): string => {
  if (!postgres.ok) return postgres.why
  return patroni.ok ? '' : patroni.why
}

const noPrimary: Look = (_raw, { primary }) =>
  primary === undefined ? [down('No primary: writes wait until a standby has been promoted')] : []

const primaryTrouble: Look = (raw, { primary }) => {
  const observed = raw.members.find(({ name }) => name === primary?.name)
  if (observed === undefined || primary === undefined) return []
  const { name } = primary
  const postgres = valueOf(observed.postgres)
  if (postgres === undefined) {
    const who = observed.patroni.ok ? `PostgreSQL of the primary ${name}` : `The primary ${name}`
    return [
      down(
        `${who} does not answer (${whySilent(observed)}): writes stall until it does or a standby takes over`,
      ),
    ]
  }
  if (postgres.inRecovery)
    return [down(`${name} holds the leader lock and is still being promoted: writes wait`)]
  if (!observed.patroni.ok)
    return [
      degraded(
        `Patroni of the primary ${name} does not answer (${observed.patroni.why}): it may lose the leader lock`,
      ),
    ]
  return []
}

const twoWritable: Look = (raw, { primary }) => {
  const writable = raw.members
    .filter(({ postgres }) => valueOf(postgres)?.inRecovery === false)
    .map(({ name }) => name)
  if (writable.length < 2) return []
  const holder =
    primary === undefined
      ? 'and nobody knows which of them holds the leader lock'
      : `and only ${primary.name}, which holds the leader lock, may accept writes`
  return [degraded(`${list(writable)} are out of recovery at once, ${holder}`)]
}

const standbyTrouble = (member: MemberStatus, observed: MemberObservation): string | null => {
  const postgres = valueOf(observed.postgres)
  if (member.state === 'unreachable')
    return `${member.name} does not answer (${whySilent(observed)})`
  if (postgres === undefined)
    return `PostgreSQL of ${member.name} does not answer (${member.state}; ${whySilent(observed)})`
  if (!postgres.inRecovery) return null
  if (!postgres.receiverStreaming) return `${member.name} does not stream (${member.state})`
  if (!observed.patroni.ok)
    return `Patroni of ${member.name} does not answer (${whySilent(observed)})`
  return null
}

const standbys: Look = (raw, { members, primary }) => {
  const lost = members.flatMap((member) => {
    const observed = raw.members.find(({ name }) => name === member.name)
    if (observed === undefined || member.name === primary?.name) return []
    const words = standbyTrouble(member, observed)
    return words === null ? [] : [words]
  })
  const left = members.length - (primary === undefined ? 0 : 1) - lost.length
  return lost.map((words) =>
    degraded(`${words}: ${count(left, 'standby', 'standbys')} left to take over`),
  )
}

const otherTimeline: Look = (_raw, { members, primary }) =>
  members.flatMap(({ name, role, timeline, state }) => {
    if (role === 'primary' || primary?.timeline == null || timeline === null) return []
    if (state === 'unreachable' || timeline === primary.timeline) return []
    return [
      degraded(
        `${name} is on timeline ${timeline}, the primary on ${primary.timeline}: it cannot take over yet`,
      ),
    ]
  })

const lag: Look = ({ config: { maxReadLag } }, { members }) =>
  members.flatMap(({ name, role, lag_bytes, lag_ms }) => {
    if (role === 'primary') return []
    const tooFar = lag_bytes !== null && lag_bytes > maxReadLag.bytes
    const tooOld = lag_ms !== null && lag_ms > maxReadLag.ms && lag_bytes !== 0
    if (!tooFar && !tooOld) return []
    const parts = [
      ...(lag_bytes === null ? [] : [bytes(lag_bytes)]),
      ...(lag_ms === null ? [] : [duration(lag_ms)]),
    ]
    return [
      degraded(
        `${name} lags by ${list(parts)} (limit ${bytes(maxReadLag.bytes)}, ${duration(maxReadLag.ms)}): reads avoid it`,
      ),
    ]
  })

/** `ANY 1 (a,b)`, `2 (a,b)`, `a,b`, `*`: how many standbys a commit waits for. */
export const acknowledgementsNeeded = (names: string): number => {
  if (names.trim() === '') return 0
  return Number(/^\s*(?:ANY\s+|FIRST\s+)?(\d+)\s*\(/i.exec(names)?.[1] ?? 1)
}

/** Whether commits can be acknowledged now, as the primary's own PostgreSQL has it. */
export const commitsOf = (primary: PostgresAnswer | undefined): ClusterStatus['commits'] =>
  primary === undefined
    ? null
    : {
        standbys_needed: acknowledgementsNeeded(primary.synchronousStandbyNames),
        standbys_connected: syncReceivers(primary).length,
        waiting: primary.syncWaits,
      }

const synchronousCommit: Look = ({ config }, { primaryPostgres, primary }) => {
  if (!config.synchronous || primaryPostgres === undefined || primary === undefined) return []
  const names = primaryPostgres.synchronousStandbyNames
  const needed = acknowledgementsNeeded(names)
  if (needed === 0)
    return [
      degraded(
        'Commits wait for no standby: acknowledged writes are lost if the primary is lost now',
      ),
    ]
  const receivers = syncReceivers(primaryPostgres).length
  if (receivers < needed)
    return [
      down(
        `Commits wait: ${count(needed, 'sync standby must', 'sync standbys must')} acknowledge and ${count(receivers, 'is', 'are')} connected`,
      ),
    ]
  if (names.trim() === '*')
    return [
      degraded(
        'synchronous_standby_names is *: any receiver satisfies a commit, because Patroni sees no eligible standby',
      ),
    ]
  return []
}

const syncWaits: Look = (_raw, { primaryPostgres }) => {
  const waiting = primaryPostgres?.syncWaits ?? 0
  return waiting === 0
    ? []
    : [degraded(`${count(waiting, 'commit has', 'commits have')} waited over 2 s for a standby`)]
}

const failsafe: Look = (raw) => {
  const active = raw.members.filter(({ patroni }) => valueOf(patroni)?.failsafeActive === true)
  return active.length === 0
    ? []
    : [
        degraded(
          `Failsafe is active on ${list(active.map(({ name }) => name))}: etcd cannot be used, the primary goes on while all members see each other`,
        ),
      ]
}

export const isPatroniPaused = (raw: RawObservation): boolean =>
  valueOf(raw.patroniView)?.paused === true ||
  raw.members.some(({ patroni }) => valueOf(patroni)?.paused === true)

export const isFailsafeActive = (raw: RawObservation): boolean =>
  raw.members.some(({ patroni }) => valueOf(patroni)?.failsafeActive === true)

const paused: Look = (raw) =>
  isPatroniPaused(raw) ? [degraded('Patroni is paused: nothing fails over by itself')] : []

const LOOKS: readonly Look[] = [
  noPrimary,
  primaryTrouble,
  twoWritable,
  synchronousCommit,
  syncWaits,
  standbys,
  otherTimeline,
  lag,
  failsafe,
  paused,
]

export const findDatabaseProblems: Look = (raw, assessed) =>
  LOOKS.flatMap((look) => look(raw, assessed))
