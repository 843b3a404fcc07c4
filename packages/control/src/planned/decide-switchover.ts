/**
 * May this switchover begin, and who becomes the primary? Pure: every reason against it at once, or the candidate.
 * What is refused here costs nobody anything; what is found out later costs the clients a pause.
 */
import type { ClusterStatus, MemberStatus } from '@neuronha/core/contracts/cluster-status.ts'
import type { OpenTransaction } from './ports.ts'
import type { SwitchoverFacts } from './switchover-facts.ts'

export interface SwitchoverRequest {
  /** Who becomes the primary; undefined: the best of them. */
  readonly to?: string | undefined
  /** Only these may become the primary; undefined: any member. */
  readonly among?: readonly string[] | undefined
  /** `user@machine` or a controller; maintenance of the same name is no obstacle. */
  readonly actor: string
  /** Go on although somebody else has put the cluster into maintenance. */
  readonly force: boolean
  /** Standbys that must acknowledge a commit. */
  readonly syncStandbys: number
}

export type SwitchoverDecision =
  | {
      readonly kind: 'go'
      readonly from: string
      /** Who is asked for. */
      readonly to: string
      /**
       * Who may win, `to` among them. More than one when nobody in particular was asked for and every standby is able:
       * then they race as after a failure, and the others follow the winner at once. Towards a named candidate Patroni
       * makes all others sleep for 2 s first, and no commit is acknowledged until one of them is back.
       */
      readonly runners: readonly string[]
    }
  | { readonly kind: 'refuse'; readonly reasons: readonly string[] }

/** A transaction that is older when it begins would not be over when the pause must be. */
export const PAUSE_DEADLINE_MS = 1500
/** A candidate that misses more than this would be replayed while everybody waits. */
export const MAX_CANDIDATE_LAG_BYTES = 16 * 1024 ** 2

const MOST_NAMED = 4

type Rule = (facts: SwitchoverFacts, request: SwitchoverRequest) => readonly string[]

const isStreaming = ({ role, state }: MemberStatus): boolean =>
  role !== 'primary' && state === 'streaming'

const primaryOf = ({ members }: ClusterStatus): MemberStatus | undefined =>
  members.find(({ role, state }) => role === 'primary' && state === 'running')

const nobodyElseIsAtIt: Rule = ({ openFence, running, patroniRequest }) => [
  ...(openFence === null
    ? []
    : [`a fence is going on (${openFence}): the controllers are failing over at this moment`]),
  ...(running === null
    ? []
    : [
        `another switchover is going on: ${running.from} to ${running.to}, by ${running.by}, since ${running.since}`,
      ]),
  ...(patroniRequest === null
    ? []
    : [`Patroni has a request that it did not carry out yet: ${patroniRequest}`]),
]

const maintenanceIsOurs: Rule = ({ maintenance }, { actor, force }) =>
  maintenance === null || maintenance.by === actor || force
    ? []
    : [
        `${maintenance.by} has the cluster in maintenance since ${maintenance.since} (${maintenance.why}); ask them, or pass --force`,
      ]

const patroniActs: Rule = ({ status }) => [
  ...(status.patroni_paused ? ['Patroni is paused, so it would not promote anybody'] : []),
  ...(status.failsafe_active
    ? [
        'Patroni’s failsafe is active: etcd is not reachable for a member, and nothing may change hands',
      ]
    : []),
]

const thereIsOnePrimary: Rule = ({ status, leader, sync }, { syncStandbys }) => {
  const primary = primaryOf(status)
  if (primary === undefined) return ['there is no running primary to switch away from']
  return [
    ...(leader === primary.name
      ? []
      : [`Patroni’s lock is held by ${leader ?? 'nobody'}, and the primary is ${primary.name}`]),
    ...(syncStandbys > 0 && sync.leader !== primary.name
      ? [
          `the list of synchronous standbys is of ${sync.leader ?? 'nobody'}, not of ${primary.name}: the last change of the primary is not over`,
        ]
      : []),
  ]
}

const everyClientCanBeHeld: Rule = ({ status }) => [
  ...status.poolers.flatMap(({ name, healthy, databases, detail }) => {
    const held = databases.filter(({ paused }) => paused).map((database) => database.name)
    if (held.length > 0)
      return [`${name} holds ${held.join(', ')} already (paused); it resumes by itself within 10 s`]
    return healthy ? [] : [`${name} cannot hold its clients: ${detail}`]
  }),
  ...status.routers
    .filter(({ write_to }) => write_to !== primaryOf(status)?.name)
    .map(({ name, write_to }) => `${name} sends writes to ${write_to ?? 'nobody'}`),
]

/** What stands in the way of any planned work, not of a switchover alone. */
export const whoElseIsAtIt = (
  facts: SwitchoverFacts,
  request: Pick<SwitchoverRequest, 'actor' | 'force'>,
): readonly string[] => [
  ...nobodyElseIsAtIt(facts, { ...request, syncStandbys: 0 }),
  ...maintenanceIsOurs(facts, { ...request, syncStandbys: 0 }),
]

const describe = ({
  pid,
  user,
  application,
  database,
  state,
  ageMs,
  query,
}: OpenTransaction): string =>
  `${user}${application === '' ? '' : ` (${application})`} in ${database}, process ${pid}, ${state}, open for ${(ageMs / 1000).toFixed(1)} s: ${query}`

const noTransactionIsLong: Rule = ({ transactions, status }) => {
  if (transactions === null)
    return primaryOf(status) === undefined
      ? []
      : ['the primary does not answer the question for its transactions']
  const long = transactions.filter(({ ageMs }) => ageMs >= PAUSE_DEADLINE_MS)
  const waiting = long.filter(({ waitsForStandby }) => waitsForStandby)
  const others = long.filter(({ waitsForStandby }) => !waitsForStandby)
  return [
    ...(waiting.length > 0
      ? [`${waiting.length} commits wait for a standby’s acknowledgement: no standby keeps up`]
      : []),
    ...others
      .slice(0, MOST_NAMED)
      .map((transaction) => `a transaction would not end in time: ${describe(transaction)}`),
    ...(others.length > MOST_NAMED ? [`and ${others.length - MOST_NAMED} more like it`] : []),
  ]
}

/** Why this member may not become the primary; undefined: it may. */
const obstacleOf = (
  member: MemberStatus,
  { sync }: SwitchoverFacts,
  { syncStandbys }: SwitchoverRequest,
): string | undefined => {
  if (member.role === 'primary') return `${member.name} is the primary already`
  if (!isStreaming(member)) return `${member.name} does not stream (${member.state})`
  if (syncStandbys > 0 && !sync.voters.includes(member.name))
    return `${member.name} is not among the synchronous standbys (${sync.voters.join(', ')}): it may lack acknowledged commits`
  if ((member.lag_bytes ?? 0) > MAX_CANDIDATE_LAG_BYTES)
    return `${member.name} is ${Math.round((member.lag_bytes ?? 0) / 1024 ** 2)} MB behind`
  return undefined
}

interface Choice {
  readonly candidate: MemberStatus | undefined
  readonly runners: readonly string[]
  readonly reasons: readonly string[]
}

function chooseCandidate(facts: SwitchoverFacts, request: SwitchoverRequest): Choice {
  const { members } = facts.status
  const nobody = { candidate: undefined, runners: [] }
  if (request.to !== undefined) {
    const named = members.find(({ name }) => name === request.to)
    if (named === undefined) return { ...nobody, reasons: [`there is no member ${request.to}`] }
    const obstacle = obstacleOf(named, facts, request)
    const reasons = obstacle === undefined ? [] : [obstacle]
    return { candidate: named, runners: [named.name], reasons }
  }
  const standbys = members.filter(({ role }) => role !== 'primary')
  const asked = standbys.filter(({ name }) => request.among?.includes(name) ?? true)
  const able = asked
    .filter((member) => obstacleOf(member, facts, request) === undefined)
    .sort((left, right) => (left.lag_bytes ?? 0) - (right.lag_bytes ?? 0))
  const [candidate] = able
  if (candidate !== undefined) {
    const runners = mayRace(facts, standbys, able) ? able : [candidate]
    return { candidate, runners: runners.map(({ name }) => name), reasons: [] }
  }
  const why = asked.map((member) => obstacleOf(member, facts, request)).join('; ')
  const reason = why === '' ? 'there is no standby' : why
  return { ...nobody, reasons: [`no member can become the primary: ${reason}`] }
}

/** A race needs one vote more than the quorum, and every runner must be welcome as the winner. */
const mayRace = (
  { sync }: SwitchoverFacts,
  standbys: readonly MemberStatus[],
  able: readonly MemberStatus[],
): boolean => able.length === standbys.length && sync.quorum > 0 && able.length >= sync.quorum + 1

/**
 * While the old primary comes back, commits are acknowledged by the others. A file that has no others (two members) is
 * not refused: its commits wait for the old primary's return, as its owner chose.
 */
function standbysLeft(
  { status }: SwitchoverFacts,
  { syncStandbys }: SwitchoverRequest,
  candidate: string | undefined,
): readonly string[] {
  const others = status.members.filter(({ name, role }) => role !== 'primary' && name !== candidate)
  const left = others.filter(isStreaming).length
  const needed = Math.min(syncStandbys, others.length)
  if (left >= needed) return []
  return [
    `only ${left} of ${others.length} other standbys would stream, and ${needed} must acknowledge every commit: writes would wait`,
  ]
}

const RULES: readonly Rule[] = [
  nobodyElseIsAtIt,
  maintenanceIsOurs,
  patroniActs,
  thereIsOnePrimary,
  everyClientCanBeHeld,
  noTransactionIsLong,
]

/** Every reason not to begin, or from whom to whom. */
export function decideSwitchover(
  facts: SwitchoverFacts,
  request: SwitchoverRequest,
): SwitchoverDecision {
  const from = primaryOf(facts.status)?.name
  const { candidate, runners, reasons: ofCandidate } = chooseCandidate(facts, request)
  const reasons = [
    ...RULES.flatMap((rule) => rule(facts, request)),
    ...ofCandidate,
    ...(from === undefined ? [] : standbysLeft(facts, request, candidate?.name)),
  ]
  if (reasons.length > 0 || from === undefined || candidate === undefined)
    return { kind: 'refuse', reasons }
  return { kind: 'go', from, to: candidate.name, runners }
}
