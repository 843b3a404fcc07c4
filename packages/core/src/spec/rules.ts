/**
 * What a schema alone cannot say: rules across fields, each a small function from spec to issues. The
 * messages follow one form: what is wrong (got …) — how to mend it.
 */
import type { ClusterSpec } from './cluster-spec.ts'
import { notificationIssues } from './notifications.ts'
import {
  FORCED_POSTGRES_PARAMETERS,
  maxConnectionsOf,
  RESERVED_CONNECTIONS,
} from './postgres-settings.ts'
import { PROFILES, type PatroniTiming } from './profiles.ts'
import { bytesOf } from './quantities.ts'
import { ROLES } from '../topology/roles.ts'

export interface RuleIssue {
  readonly path: readonly (string | number)[]
  readonly message: string
}

export type ClusterRule = (spec: ClusterSpec) => readonly RuleIssue[]

const issue = (path: RuleIssue['path'], message: string): readonly RuleIssue[] => [
  { path, message },
]
const NONE: readonly RuleIssue[] = []

/** Patroni's three clocks: the file's own, or the profile's. */
export const patroniTimingOf = (spec: ClusterSpec): PatroniTiming =>
  spec.timing ?? PROFILES[spec.profile].patroni

/** Patroni silently shrinks a triple below its minimums, so the lease would not be what the file says. */
export const timingKeepsPatroniMinimums: ClusterRule = (spec) => {
  const { timing } = spec
  if (timing === null) return NONE
  const { ttl, loopWait, retryTimeout } = timing
  const needed = loopWait + 2 * retryTimeout
  return [
    ...(ttl < 20
      ? issue(['timing', 'ttl'], `is below Patroni’s minimum (got ${ttl}) — use 20 or more`)
      : NONE),
    ...(loopWait < 1
      ? issue(
          ['timing', 'loopWait'],
          `is below Patroni’s minimum (got ${loopWait}) — use 1 or more`,
        )
      : NONE),
    ...(retryTimeout < 3
      ? issue(
          ['timing', 'retryTimeout'],
          `is below Patroni’s minimum (got ${retryTimeout}) — use 3 or more`,
        )
      : NONE),
    ...(needed > ttl
      ? issue(
          ['timing'],
          `loopWait + 2 × retryTimeout must not exceed ttl (got ${loopWait} + 2 × ${retryTimeout} = ${needed} > ${ttl}) — raise ttl to ${needed} or lower the others`,
        )
      : NONE),
  ]
}

/** The primary and `syncStandbys` others must exist, or no commit could ever be acknowledged. */
export const membersCanAcknowledge: ClusterRule = (spec) => {
  const { members, syncStandbys } = spec.database
  if (syncStandbys <= members - 1) return NONE
  return issue(
    ['database', 'syncStandbys'],
    `needs ${syncStandbys + 1} members or more (got ${members} members) — lower syncStandbys to ${members - 1} or raise database.members`,
  )
}

/** zero-loss with a single standby stops all writes as soon as that standby restarts: said, not found out. */
export const protectionFitsMembers: ClusterRule = (spec) => {
  const { members, syncStandbys } = spec.database
  if (spec.protection !== 'zero-loss') return NONE
  if (syncStandbys === 0) {
    return issue(
      ['protection'],
      'zero-loss needs at least one sync standby (got database.syncStandbys 0) — use syncStandbys 1, or protection: available',
    )
  }
  if (members < syncStandbys + 2) {
    return issue(
      ['protection'],
      `zero-loss with ${members} members stops writes whenever one standby is away (got syncStandbys ${syncStandbys}) — use ${syncStandbys + 2} members or more, or protection: available`,
    )
  }
  return NONE
}

/** An even number of etcd members survives no more failures than one fewer, and two survive none. */
export const etcdHasOddQuorum: ClusterRule = (spec) =>
  spec.etcd.members % 2 === 1
    ? NONE
    : issue(
        ['etcd', 'members'],
        `an even number adds no safety (got ${spec.etcd.members}) — use ${spec.etcd.members - 1} or ${spec.etcd.members + 1}`,
      )

/** A setting that the platform forces would be silently dropped otherwise. */
export const parametersAreNotForced: ClusterRule = (spec) =>
  Object.entries(spec.database.parameters).flatMap(([name, value]) => {
    const reason = FORCED_POSTGRES_PARAMETERS[name.toLowerCase()]
    return reason === undefined
      ? []
      : issue(
          ['database', 'parameters', name],
          `is set by the platform: ${reason} (got ${JSON.stringify(value)}) — remove it`,
        )
  })

/** `minimal` WAL cannot be streamed to a standby. */
export const walCanBeReplicated: ClusterRule = (spec) =>
  spec.database.parameters['wal_level'] === 'minimal'
    ? issue(
        ['database', 'parameters', 'wal_level'],
        'standbys cannot follow it (got "minimal") — use replica or logical, or remove it',
      )
    : NONE

/**
 * Every pooler may open `maxDbConnections` to each of its databases at once, and after the loss of all
 * standbys the reads land on the primary too, so all of them must fit into one member.
 */
export const poolsFitMaxConnections: ClusterRule = (spec) => {
  const { pooler, databases } = spec.database
  const perPooler = pooler.maxDbConnections * 2 * (1 + databases.length) + pooler.sessionPoolSize
  const needed = perPooler * pooler.replicas + RESERVED_CONNECTIONS
  const allowed = maxConnectionsOf(spec)
  if (needed <= allowed) return NONE
  return issue(
    ['database', 'pooler', 'maxDbConnections'],
    `${pooler.replicas} poolers × (${pooler.maxDbConnections} × 2 × ${1 + databases.length} databases + ${pooler.sessionPoolSize} session) + ${RESERVED_CONNECTIONS} reserved = ${needed} connections exceed max_connections (got ${allowed}) — lower maxDbConnections or raise database.parameters.max_connections to ${needed}`,
  )
}

export const poolSizeFitsDatabaseLimit: ClusterRule = (spec) => {
  const { defaultPoolSize, maxDbConnections } = spec.database.pooler
  return defaultPoolSize === null || defaultPoolSize <= maxDbConnections
    ? NONE
    : issue(
        ['database', 'pooler', 'defaultPoolSize'],
        `one pool would be larger than all pools of its database together (got ${defaultPoolSize} > maxDbConnections ${maxDbConnections}) — lower it to ${maxDbConnections} or less`,
      )
}

/** Every published port, with the field that asked for it. */
export const publishedPorts = (
  spec: ClusterSpec,
): readonly {
  readonly path: readonly string[]
  readonly port: number
  readonly container: string
}[] => {
  const edges = Array.from({ length: spec.edge.replicas }, (_, index) => index)
  const poolers = Array.from({ length: spec.database.pooler.replicas }, (_, index) => index)
  const { publishPort } = spec.database.pooler
  return [
    ...edges.flatMap((index) => [
      {
        path: ['edge', 'httpPort'],
        port: spec.edge.httpPort + index,
        container: `${spec.name}-edge-${index + 1}`,
      },
      {
        path: ['edge', 'httpsPort'],
        port: spec.edge.httpsPort + index,
        container: `${spec.name}-edge-${index + 1}`,
      },
    ]),
    ...(publishPort === null
      ? []
      : poolers.map((index) => ({
          path: ['database', 'pooler', 'publishPort'],
          port: publishPort + index,
          container: `${spec.name}-pooler-${index + 1}`,
        }))),
  ]
}

export const publishedPortsDiffer: ClusterRule = (spec) => {
  const seen = new Map<number, readonly string[]>()
  return publishedPorts(spec).flatMap(({ path, port }) => {
    const first = seen.get(port)
    seen.set(port, first ?? path)
    if (port > 65_535) return issue(path, `is beyond the last port (got ${port}) — use a lower one`)
    return first === undefined
      ? []
      : issue(
          path,
          `publishes a port that ${first.join('.')} publishes already (got ${port}) — choose another; replica n takes its port + n − 1`,
        )
  })
}

/** Static addresses are laid out in a /24. */
export const subnetIsRoomy: ClusterRule = (spec) => {
  const [address = '', bits] = spec.network.subnet.split('/')
  const isPrivate = /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/.test(address)
  return [
    ...(bits === '24'
      ? NONE
      : issue(
          ['network', 'subnet'],
          `must be a /24 (got /${bits ?? ''}) — for example 10.77.0.0/24`,
        )),
    ...(isPrivate
      ? NONE
      : issue(
          ['network', 'subnet'],
          `must be private (got ${address}) — use 10.x, 172.16–31.x or 192.168.x`,
        )),
  ]
}

const RESERVED_DATABASES = new Set(['postgres', 'template0', 'template1', 'pgbouncer'])

export const userDatabasesDoNotCollide: ClusterRule = (spec) => {
  const platformRoles = new Set<string>(Object.values(ROLES).map((role) => role.name))
  const names = new Set<string>()
  return spec.database.databases.flatMap(({ name, owner, readers }, index) => {
    const at = ['database', 'databases', index]
    const isTaken =
      RESERVED_DATABASES.has(name) ||
      name.startsWith('neurondb') ||
      name.endsWith('_ro') ||
      names.has(name)
    names.add(name)
    const badRoles = [owner, ...readers].filter(
      (role) => platformRoles.has(role) || /^(pg_|neurondb|neuronha)/.test(role),
    )
    return [
      ...(isTaken
        ? issue(
            [...at, 'name'],
            `is taken or reserved (got ${JSON.stringify(name)}) — choose a name that is unique, does not begin with neurondb and does not end with _ro`,
          )
        : NONE),
      ...badRoles.flatMap((role) =>
        issue(
          [...at, role === owner ? 'owner' : 'readers'],
          `is a role of the platform or of PostgreSQL (got ${JSON.stringify(role)}) — choose another name`,
        ),
      ),
    ]
  })
}

const SMALLEST_MEMBER_BYTES = 256 * 1024 ** 2

export const membersHaveMemory: ClusterRule = (spec) => {
  const { memory } = spec.database.resources
  return bytesOf(memory) >= SMALLEST_MEMBER_BYTES
    ? NONE
    : issue(
        ['database', 'resources', 'memory'],
        `is too little for PostgreSQL and Patroni (got ${memory}) — use 256MB or more`,
      )
}

export const notificationsCanBeSent: ClusterRule = ({ notifications }) =>
  notificationIssues(notifications)

/** Two that are one would be no second copy, and would undo each other's retention. */
export const repositoriesDiffer: ClusterRule = ({ backup }) => {
  const seen = new Set<string>()
  return backup.repositories.flatMap((repository, index) => {
    const place =
      repository.kind === 'trial'
        ? 'the trial store'
        : `${repository.bucket}${repository.path} at ${repository.endpoint}`
    if (!seen.has(place)) {
      seen.add(place)
      return NONE
    }
    return issue(
      ['backup', 'repositories', index],
      `is the same place as another one (got ${place} twice) — name another bucket or path, or remove it`,
    )
  })
}

/** Less than a few segments would give WAL up at the first hiccup of the store. */
export const walBudgetIsUsable: ClusterRule = ({ backup }) =>
  bytesOf(backup.walBudget) >= LEAST_WAL_BUDGET_BYTES
    ? NONE
    : issue(
        ['backup', 'walBudget'],
        `is less than a moment’s WAL (got ${backup.walBudget}) — use 256MB or more`,
      )

const LEAST_WAL_BUDGET_BYTES = 256 * 1024 ** 2

export const CLUSTER_RULES: readonly ClusterRule[] = [
  timingKeepsPatroniMinimums,
  membersCanAcknowledge,
  protectionFitsMembers,
  etcdHasOddQuorum,
  parametersAreNotForced,
  walCanBeReplicated,
  poolsFitMaxConnections,
  poolSizeFitsDatabaseLimit,
  publishedPortsDiffer,
  subnetIsRoomy,
  userDatabasesDoNotCollide,
  membersHaveMemory,
  notificationsCanBeSent,
  repositoriesDiffer,
  walBudgetIsUsable,
]
