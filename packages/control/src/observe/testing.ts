/** Builders of observations for tests: a healthy cluster, and small changes to it. */
import { NO_RECORDS } from '../coordination/cluster-records.ts'
import {
  answered,
  silent,
  type Answer,
  type ArchiveAnswer,
  type MemberObservation,
  type PatroniAnswer,
  type PatroniView,
  type PostgresAnswer,
  type RawObservation,
} from './raw-observation.ts'

export const memberName = (n: number): string => `demo-member-${n}`

export const aPrimary = (change: Partial<PostgresAnswer> = {}): PostgresAnswer => ({
  inRecovery: false,
  lsn: '0/5000000',
  timeline: 3,
  lagMs: null,
  replayedCommitAgeMs: null,
  receiverStreaming: false,
  synchronousStandbyNames: 'ANY 1 ("demo-member-2","demo-member-3","demo-member-4")',
  syncStates: {
    'demo-member-2': 'quorum',
    'demo-member-3': 'quorum',
    'demo-member-4': 'quorum',
  },
  syncWaits: 0,
  connections: 12,
  version: '17.12',
  ...change,
})

export const aStandby = (change: Partial<PostgresAnswer> = {}): PostgresAnswer => ({
  inRecovery: true,
  lsn: '0/5000000',
  timeline: 3,
  lagMs: 0,
  replayedCommitAgeMs: 120_000,
  receiverStreaming: true,
  synchronousStandbyNames: '',
  syncStates: {},
  syncWaits: 0,
  connections: 3,
  version: '17.12',
  ...change,
})

export const aPatroni = (change: Partial<PatroniAnswer> = {}): PatroniAnswer => ({
  state: 'running',
  role: 'replica',
  timeline: 3,
  replicationState: 'streaming',
  syncStandby: true,
  pendingRestart: false,
  paused: false,
  failsafeActive: false,
  serverVersion: 170_012,
  ...change,
})

export const anArchive = (change: Partial<ArchiveAnswer> = {}): ArchiveAnswer => ({
  lastWal: '000000030000000000000004',
  lastAt: '2026-11-23T02:59:40.000Z',
  waiting: 0,
  lagMs: 20_000,
  failedWal: null,
  ...change,
})

export const aMember = (n: number, change: Partial<MemberObservation> = {}): MemberObservation => ({
  name: memberName(n),
  host: 'local',
  address: `10.0.0.${20 + n}`,
  postgres: answered(n === 1 ? aPrimary() : aStandby()),
  patroni: answered(
    n === 1
      ? aPatroni({ role: 'primary', replicationState: null, syncStandby: false })
      : aPatroni(),
  ),
  slowFacts: answered({
    disk: { sizeBytes: 100e9, availableBytes: 59e9, usedRatio: 0.41 },
    archive: n === 1 ? anArchive() : null,
    lastDrill: null,
  }),
  ...change,
})

export const aView = (
  roles: readonly string[],
  change: Partial<PatroniView> = {},
): PatroniView => ({
  paused: false,
  members: roles.map((role, index) => ({
    name: memberName(index + 1),
    host: `10.0.0.${21 + index}`,
    role,
    state: role === 'leader' ? 'running' : 'streaming',
    timeline: 3,
    lagBytes: role === 'leader' ? null : 0,
    pendingRestart: false,
  })),
  ...change,
})

export const QUORUM_ROLES = ['leader', 'quorum_standby', 'quorum_standby', 'quorum_standby']

const routerAnswer = (writeTo: string) => {
  const server = (name: string, up: boolean, backup = false) => ({ name, up, backup })
  const members = [1, 2, 3, 4].map(memberName)
  return answered({
    proxies: {
      write: members.map((name) => server(name, name === writeTo)),
      read: [
        ...members.map((name) => server(name, name !== writeTo)),
        ...members.map((name) => server(`primary-${name}`, name === writeTo, true)),
      ],
    },
    sessions: 8,
    requests: 400,
  })
}

const poolerAnswer = () =>
  answered(
    ['neurondb', 'neurondb_ro', 'neurondb_sql'].map((name) => ({
      name,
      clients: 4,
      waiting: 0,
      servers: 2,
      maxWaitMs: 0,
      paused: false,
    })),
  )

const serviceReplicas = (
  component: 'agent' | 'desktop-api' | 'console' | 'mcp',
  replicas: number,
) =>
  Array.from({ length: replicas }, (_, index) => ({
    name: `demo-${component}-${index + 1}`,
    component,
    answer: answered({ healthy: true, draining: false, detail: '' }),
  }))

/** A healthy cluster of four members in quorum commit, member 1 primary. */
export const anObservation = (change: Partial<RawObservation> = {}): RawObservation => ({
  config: {
    patroniScope: 'demo',
    synchronous: true,
    maxReadLag: { bytes: 1024 * 1024, ms: 1000 },
    repositories: [],
    rpoMs: 60_000,
  },
  observedAt: new Date('2026-11-23T03:00:00Z'),
  observer: 'demo-controller-1',
  patroniView: answered(aView(QUORUM_ROLES)),
  members: [1, 2, 3, 4].map((n) => aMember(n)),
  etcd: [1, 2, 3].map((n) => ({
    name: `demo-etcd-${n}`,
    answer: answered({
      healthy: true,
      reason: '',
      isLeader: n === 2,
      version: '3.5.16',
      dbBytes: 245_760,
      alarms: [],
    }),
  })),
  routers: [1, 2].map((n) => ({ name: `demo-router-${n}`, answer: routerAnswer(memberName(1)) })),
  poolers: [1, 2].map((n) => ({ name: `demo-pooler-${n}`, answer: poolerAnswer() })),
  edges: [
    {
      name: 'demo-edge-1',
      kind: 'nginx',
      answer: answered({ connections: 5, requests: 81_224 }),
    },
  ],
  services: [
    ...serviceReplicas('agent', 3),
    ...serviceReplicas('desktop-api', 3),
    ...serviceReplicas('console', 2),
    ...serviceReplicas('mcp', 2),
  ],
  controllers: [1, 2].map((n) => ({
    name: `demo-controller-${n}`,
    answer: answered({ active: n === 1 }),
  })),
  engineProxies: [{ name: 'demo-engine-proxy-1', host: 'local', answer: answered(true as const) }],
  prometheus: [{ name: 'demo-prometheus-1', answer: answered(true as const) }],
  records: NO_RECORDS,
  stores: [],
  alertmanagers: [],
  ...change,
})

/** The parts with the answer of one of them replaced. */
export const replaceAnswer = <
  T extends { readonly name: string; readonly answer: Answer<unknown> },
>(
  parts: readonly T[],
  name: string,
  answer: T['answer'],
): readonly T[] => parts.map((part) => (part.name === name ? { ...part, answer } : part))

export const replaceMember = (
  observation: RawObservation,
  n: number,
  change: Partial<MemberObservation>,
): RawObservation => ({
  ...observation,
  members: observation.members.map((member) =>
    member.name === memberName(n) ? { ...member, ...change } : member,
  ),
})

/** A member of which nothing answers. */
export const gone: Pick<MemberObservation, 'postgres' | 'patroni' | 'slowFacts'> = {
  postgres: silent('no answer within 800 ms'),
  patroni: silent('no answer within 800 ms'),
  slowFacts: silent('no answer within 800 ms'),
}
