/** For tests: ledgers and results by small builders. */
import { backupsStatus } from '@neuronha/core/contracts/backups.ts'
import type { LedgerDone, LedgerLine, LoadPath } from '@neuronha/core/config/loadgen.ts'
import type { ClusterStatus, MemberStatus } from '@neuronha/core/contracts/cluster-status.ts'
import type { DrillResult } from '@neuronha/core/contracts/drill-result.ts'
import { aSpec, fakeSecrets } from '@neuronha/core/render/testing.ts'
import type { Copies } from './copies.ts'
import type { ContainerActs } from './faults/acts-on-containers.ts'
import { buildResult } from './build-result.ts'
import { PATIENT } from './scenarios/parts.ts'
import { primaryCrash } from './scenarios/primary-crash.ts'
import type { ScenarioContext } from './scenarios/scenario.ts'

/** A request that was sent on time and acknowledged 5 ms later. */
export const aDone = (change: Partial<LedgerDone> = {}): LedgerDone => {
  const scheduledMs = change.scheduledMs ?? 0
  return {
    event: 'done',
    path: 'http',
    seq: 0,
    id: `id-${change.seq ?? 0}`,
    scheduledMs,
    sentMs: scheduledMs,
    endMs: scheduledMs + 5,
    tries: 1,
    outcome: 'acknowledged',
    kind: null,
    tryMs: scheduledMs,
    member: null,
    timeline: null,
    ...change,
  }
}

export const anEnd = (scheduledUntilMs: number): LedgerLine => ({
  event: 'end',
  atMs: scheduledUntilMs + 10,
  scheduledUntilMs,
  reason: 'asked to stop',
})

interface OutageOptions {
  readonly path: LoadPath
  readonly seconds: number
  readonly ratePerSecond: number
  /** Requests that are due in this span are acknowledged right after its end. */
  readonly outageMs: readonly [number, number]
}

/** A steady load with one outage that retries bridge. */
export function aLoadWithOutage({
  path,
  seconds,
  ratePerSecond,
  outageMs,
}: OutageOptions): LedgerLine[] {
  const [fromMs, untilMs] = outageMs
  return Array.from({ length: seconds * ratePerSecond }, (_, seq): LedgerLine[] => {
    const scheduledMs = (seq * 1000) / ratePerSecond
    const latencyMs = 6 + ((seq * 7919) % 13)
    const isStalled = scheduledMs + latencyMs > fromMs && scheduledMs < untilMs
    const endMs = isStalled ? untilMs + latencyMs : scheduledMs + latencyMs
    const failed: LedgerLine[] = isStalled
      ? [{ event: 'try', path, seq, atMs: scheduledMs + 20, kind: 'HTTP 503 DATABASE_UNAVAILABLE' }]
      : []
    const tries = isStalled ? 2 : 1
    const id = `${path}-${seq}`
    const tryMs = isStalled ? untilMs : scheduledMs
    const [member, timeline] = scheduledMs < fromMs ? ['member-1', 1] : ['member-3', 2]
    const by = path === 'sql' ? { member, timeline } : {}
    return [...failed, aDone({ path, seq, id, scheduledMs, endMs, tries, tryMs, ...by })]
  }).flat()
}

/** What a crash of the primary looks like when all goes well. */
export function aPassedResult(): DrillResult {
  const seconds = 24
  const lines = [
    ...aLoadWithOutage({ path: 'http', seconds, ratePerSecond: 50, outageMs: [6020, 8340] }),
    ...aLoadWithOutage({ path: 'sql', seconds, ratePerSecond: 50, outageMs: [6010, 8105] }),
    anEnd(seconds * 1000),
  ]
  const counts = (path: LoadPath): Map<string, number> =>
    new Map(
      lines.flatMap((line) =>
        line.event === 'done' && line.path === path ? [[line.id, 1] as const] : [],
      ),
    )
  const keyOf = ({ id }: LedgerDone): string => id
  return buildResult({
    scenario: primaryCrash,
    bounds: PATIENT,
    variant: '',
    withController: true,
    deps: { spec: aSpec(), commit: '0123456789ab' },
    checks: [{ what: 'another member took over', held: true, detail: '' }],
    startedAt: new Date('2026-11-23T03:00:00Z'),
    ratePerSecond: 50,
    rehearsal: {
      target: 'neurondb-member-1',
      faultAtMs: 6000,
      healedAtMs: null,
      wholeAgainMs: 9200,
      timeline: [
        { atMs: 5000, what: 'warmed up', source: 'drill' },
        {
          atMs: 6000,
          what: 'the postmaster of neurondb-member-1 is killed (SIGKILL)',
          source: 'drill',
        },
        { atMs: 6400, what: 'neurondb-member-1: primary → unknown', source: 'observed' },
        {
          atMs: 7900,
          what: 'neurondb-member-3: sync standby → primary, timeline 2',
          source: 'observed',
        },
        {
          atMs: 8000,
          what: 'neurondb-router-1 sends writes to neurondb-member-3',
          source: 'observed',
        },
        { atMs: 15200, what: 'everything is healthy again', source: 'drill' },
      ],
      lines,
    },
    found: {
      http: { counts: counts('http'), keyOf },
      sql: { counts: counts('sql'), keyOf },
      connect: null,
    },
  })
}

const nothing = (): Promise<void> => Promise.resolve()
const noContainers: ContainerActs = {
  inspect: () => Promise.resolve(undefined),
  start: nothing,
  kill: nothing,
  stop: nothing,
  pause: nothing,
  unpause: nothing,
}

/** There are none. */
export const noCopies: Copies = {
  assertNone: nothing,
  draw: () => Promise.reject(new TypeError('no copies here')),
  restore: nothing,
  resultOf: () => Promise.resolve(undefined),
  open: () => Promise.reject(new TypeError('no copies here')),
  remove: nothing,
}

/** What a scenario is given. Nothing in it acts. */
export const aContext = (change: Partial<ScenarioContext> = {}): ScenarioContext => {
  const spec = change.spec ?? aSpec()
  return {
    spec,
    secrets: fakeSecrets(spec),
    options: {},
    run: 'primary-crash-0123abcd',
    runCommand: () => Promise.resolve(),
    containers: noContainers,
    workDir: '/state/drills/.run-x',
    copies: noCopies,
    ...change,
  }
}

/** A member that does what its role says. */
export const aMember = (name: string, role: MemberStatus['role']): MemberStatus => ({
  name,
  host: 'local',
  address: '10.77.0.21',
  role,
  state: role === 'primary' ? 'running' : 'streaming',
  timeline: 1,
  lsn: '0/5000000',
  lag_bytes: role === 'primary' ? null : 0,
  lag_ms: 0,
  pending_restart: false,
  version: '17.12',
  connections: 10,
  disk: null,
})

/** A healthy cluster, or what a test makes of it. */
export const aStatus = (change: Partial<ClusterStatus> = {}): ClusterStatus => ({
  cluster: 'neurondb',
  observed_at: '2026-11-23T03:00:00.000Z',
  observer: 'cli',
  health: 'healthy',
  reasons: [],
  synchronous: true,
  synchronous_standby_names: 'ANY 1 (*)',
  commits: { standbys_needed: 1, standbys_connected: 1, waiting: 0 },
  failsafe_active: false,
  patroni_paused: false,
  members: [aMember('neurondb-member-1', 'primary'), aMember('neurondb-member-2', 'sync standby')],
  etcd: [],
  routers: [],
  poolers: [],
  edges: [],
  services: [],
  controllers: [],
  engine_proxies: [],
  prometheus: [],
  alertmanagers: [],
  backups: backupsStatus.parse({ configured: false }),
  last_drill: null,
  maintenance: null,
  ...change,
})

const pathWith = (inFlight: number) => ({
  attempted: 100,
  acknowledged: 90,
  inFlight,
  clientErrors: 0,
  failedTries: 0,
})

/** The generator's line of one second, with so many requests in flight. */
export const progressSecond = (atMs: number, http: number, sql = 0): LedgerLine => ({
  event: 'progress',
  atMs,
  http: pathWith(http),
  sql: pathWith(sql),
})
