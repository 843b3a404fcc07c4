/** Per kind of failure, what follows what until a write is acknowledged again. Names are those of the drills. */
import {
  deadLeaderProbe,
  engineEvent,
  engineRestart,
  etcdElection,
  evidence,
  failsafe,
  fence,
  freshSilence,
  guide,
  leaseRunsOut,
  nothing,
  orderlyStop,
  otherRouter,
  otherStandby,
  patroniWoken,
  patroniSilence,
  patroniStart,
  pausePoolers,
  plainStop,
  poolerRetry,
  promotion,
  rearmedLease,
  resumePoolers,
  retryElsewhere,
  routerCheck,
  silence,
  silentPooler,
  type Term,
  type Timings,
} from './terms.ts'

type Path = (timings: Timings) => readonly Term[] | null

export interface FailureModel {
  readonly what: string
  readonly withControllers: Path
  /** Left out: the controllers have no part in it. */
  readonly withoutControllers?: Path
}

/** From a leader key that is gone to a service that writes: the clients are held at the poolers meanwhile. */
const takeOver = (): readonly Term[] => [promotion(), guide(), resumePoolers()]

/** The same while no controller tells the routers. */
const takeOverAlone = (timings: Timings): readonly Term[] => [
  promotion(),
  routerCheck(timings),
  poolerRetry(timings),
]

/** Patroni alone, when the member cannot speak for itself any more. */
const leasePath: Path = (timings) => [
  leaseRunsOut(timings),
  deadLeaderProbe(),
  ...takeOverAlone(timings),
]

/** A silent primary: the controllers make certain that it is dead, then hand its lease on. */
const fencePath: Path = () => [silence(), fence(), evidence(), ...takeOver()]

const switchover: FailureModel = {
  what: 'the primary is changed on purpose',
  withControllers: () => [pausePoolers(), orderlyStop(), promotion(), guide(), resumePoolers()],
  withoutControllers: (timings) => [plainStop(), ...takeOverAlone(timings)],
}

const goesOn =
  (term: Term): Path =>
  () => [term]

export const FAILURES = {
  'primary-crash': {
    what: 'PostgreSQL of the primary dies; its Patroni lives',
    withControllers: (timings) => [patroniWoken(timings), ...takeOver()],
    withoutControllers: (timings) => [patroniWoken(timings), ...takeOverAlone(timings)],
  },
  'primary-container-crash': {
    what: 'the primary’s container dies and comes back',
    withControllers: () => [engineEvent(), fence(), evidence(), ...takeOver()],
    withoutControllers: (timings) => [engineRestart(), patroniStart(), ...takeOverAlone(timings)],
  },
  'primary-host-loss': {
    what: 'the primary’s container dies and stays dead',
    withControllers: () => [engineEvent(), evidence(), ...takeOver()],
    withoutControllers: leasePath,
  },
  'primary-frozen': {
    what: 'every process of the primary is frozen',
    withControllers: fencePath,
    withoutControllers: leasePath,
  },
  'primary-partition': {
    what: 'the primary is cut off from the network',
    withControllers: fencePath,
    withoutControllers: leasePath,
  },
  'postmaster-hung': {
    what: 'the primary takes no new connections; those it has go on',
    withControllers: () => [freshSilence(), fence(), evidence(), ...takeOver()],
    // Patroni asks on a connection that it has.
    withoutControllers: () => null,
  },
  'patroni-hung': {
    what: 'Patroni of the primary is frozen; its PostgreSQL lives',
    withControllers: () => [patroniSilence(), fence(), evidence(), ...takeOver()],
    withoutControllers: leasePath,
  },
  'etcd-leader-and-primary': {
    what: 'the primary’s container and etcd’s leader die together',
    withControllers: (timings) => [etcdElection(timings), engineEvent(), evidence(), ...takeOver()],
    withoutControllers: (timings) => [
      etcdElection(timings),
      rearmedLease(timings),
      deadLeaderProbe(),
      ...takeOverAlone(timings),
    ],
  },
  'primary-etcd-partition': {
    what: 'the primary is cut off from etcd only',
    withControllers: goesOn(failsafe()),
  },
  'etcd-down': { what: 'all of etcd is down', withControllers: goesOn(failsafe()) },
  'etcd-member-down': {
    what: 'one etcd member is down',
    withControllers: goesOn(nothing('writes do not pass through etcd')),
  },
  'sync-standby-loss': {
    what: 'a sync standby dies',
    withControllers: goesOn(otherStandby()),
  },
  'two-standbys-loss': {
    what: 'two standbys die',
    withControllers: goesOn(otherStandby()),
  },
  switchover,
  'rolling-restart': { ...switchover, what: 'every member restarts, one after the other' },
  'pooler-kill': {
    what: 'a pooler dies',
    withControllers: goesOn(retryElsewhere('services use the other pooler')),
  },
  'pooler-frozen': { what: 'a pooler is frozen', withControllers: goesOn(silentPooler()) },
  'router-kill': {
    what: 'a router dies',
    withControllers: (timings) => [otherRouter(timings)],
  },
  'edge-kill': {
    what: 'an edge dies',
    withControllers: ({ edges }) =>
      edges > 1
        ? [retryElsewhere('clients use the other edge')]
        : [engineRestart(), retryElsewhere('clients try again')],
  },
  'service-kill': {
    what: 'one replica of a service dies',
    withControllers: goesOn(retryElsewhere('the edge tries another replica')),
  },
} as const satisfies Readonly<Record<string, FailureModel>>

export type FailureKind = keyof typeof FAILURES
export const FAILURE_KINDS = Object.keys(FAILURES) as readonly FailureKind[]
