/** A healthy four-member cluster as failover sees it, for tests to break. */
import type { FenceRecord, LeaderTerm } from '@neuronha/core/contracts/coordination.ts'
import type { DcsSnapshot } from './dcs-snapshot.ts'
import type { FailoverObservation, Suspicion } from './decide-fence.ts'
import type { MemberView, PatroniView } from './electable.ts'
import type { ContainerView } from './leader-term.ts'

export const MEMBERS = ['m1', 'm2', 'm3', 'm4'] as const

export const aTerm: LeaderTerm = {
  member: 'm1',
  containerId: 'c1',
  startedAt: '2026-01-01T00:00:00.1Z',
  leaderModRevision: '100',
  lease: '7',
}

export const aConfig = {
  modRevision: '16',
  paused: false,
  synchronous: true,
  ttlSeconds: 20,
} as const
export const aSync = {
  leader: 'm1',
  voters: ['m2', 'm3', 'm4'],
  quorum: 2,
  modRevision: '120',
} as const

export const aSnapshot = (change: Partial<DcsSnapshot> = {}): DcsSnapshot => ({
  askedAt: 990,
  seenAt: 995,
  leader: { name: 'm1', modRevision: '100', lease: '7' },
  sync: aSync,
  config: aConfig,
  statusModRevision: '200',
  members: new Map(
    MEMBERS.map((name, index) => [
      name,
      {
        name,
        lease: String(7 + index),
        value: JSON.stringify({ api_url: `https://${name}:8008/patroni`, state: 'running' }),
        state: 'running',
        role: name === 'm1' ? 'primary' : 'replica',
        timeline: 1,
        noFailover: false,
      },
    ]),
  ),
  ...change,
})

export const aContainer = (change: Partial<ContainerView> = {}): ContainerView => ({
  name: 'm1',
  askedAt: 996,
  seenAt: 998,
  id: 'c1',
  startedAt: '2026-01-01T00:00:00.1Z',
  status: 'running',
  running: true,
  paused: false,
  restarting: false,
  pid: 4711,
  ...change,
})

export const aDeadContainer = (change: Partial<ContainerView> = {}): ContainerView =>
  aContainer({ status: 'exited', running: false, pid: 0, ...change })

export const aStandby = (change: Partial<PatroniView> = {}): PatroniView => ({
  state: 'running',
  role: 'replica',
  timeline: 1,
  streaming: true,
  dcsSeenAgo: 0.5,
  failsafeActive: false,
  paused: false,
  noFailover: false,
  ...change,
})

export const standbys = (
  change: Partial<Record<string, PatroniView | null>> = {},
): readonly MemberView[] =>
  ['m2', 'm3', 'm4'].map((name) => ({
    name,
    patroni: name in change ? (change[name] ?? null) : aStandby(),
  }))

export const aSuspicion: Suspicion = {
  member: 'm1',
  reason: 'unresponsive',
  evidence: { keptSilentMs: 2100 },
}

export const aRecord = (change: Partial<FenceRecord> = {}): FenceRecord => ({
  id: 'f1',
  term: aTerm,
  reason: 'container-gone',
  phase: 'intended',
  controller: 'one',
  intendedAt: '2026-01-01T00:10:00.000Z',
  evidence: {},
  newLeader: null,
  note: '',
  earlier: [],
  ...change,
})

/** The primary's container is gone and everything stands ready for its successor. */
export const anObservation = (change: Partial<FailoverObservation> = {}): FailoverObservation => ({
  leaseSpareMs: 4000,
  inMaintenance: false,
  isHeld: false,
  isSwitchoverOpen: false,
  snapshot: aSnapshot(),
  term: aTerm,
  container: aDeadContainer(),
  members: standbys(),
  answeredAfterConfirmation: false,
  failsafeSeenAgoMs: null,
  suspicion: null,
  testimony: {},
  record: null,
  phaseAgeMs: 0,
  recentFences: 0,
  ...change,
})
