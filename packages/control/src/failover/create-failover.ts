/** Failover and repair, put together for one controller: what watches the engine, what decides, what acts. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ControllerConfig } from '@neuronha/core/config/processes.ts'
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { toPlatformError } from '@neuronha/core/errors.ts'
import { PORTS } from '@neuronha/core/topology/ports.ts'
import type { Logger } from '@neuronha/runtime/logger.ts'
import type { Metrics } from '@neuronha/runtime/metrics.ts'
import { createDirectClient, type DirectClient } from '@neuronha/runtime/postgres/direct-client.ts'
import type { Login } from '@neuronha/runtime/postgres/endpoint.ts'
import type { TlsFiles } from '@neuronha/runtime/tls.ts'
import type { ActiveLease } from '../controller/active-lease.ts'
import type { Engine } from '../engine/engine.ts'
import type { Kv } from '../etcd/kv.ts'
import type { EventLog } from '../events/event-log.ts'
import type { HttpClient } from '../observe/http-client.ts'
import { createPatroniControl } from '../planned/patroni-control.ts'
import { createPoolerFleet } from '../poolers/pooler-fleet.ts'
import { createRouterGuide } from '../routers/router-guide.ts'
import { ShowPrimary } from '../routers/show-primary.ts'
import { ClientPause } from './client-pause.ts'
import type { CoordinationView } from './coordination-view.ts'
import { EtcdPlacement } from './etcd-placement.ts'
import { FailoverLoop } from './failover-loop.ts'
import { FenceActs } from './fence-acts.ts'
import { addFailoverMetrics } from './failover-metrics.ts'
import type { MemberAddress } from './members-view.ts'
import { Rejoin } from './rejoin.ts'
import { RepairLoop } from './repair-loop.ts'
import { Witnesses, type WitnessOptions } from './witnesses.ts'
import type { ProbeTarget } from './write-probe.ts'

export interface FailoverOptions {
  readonly config: ControllerConfig
  readonly kv: Kv
  readonly engine: Engine
  readonly http: HttpClient
  readonly tls: TlsFiles
  readonly lease: ActiveLease
  readonly events: EventLog
  readonly metrics: Metrics
  readonly logger: Logger
}

export interface Failover {
  start(): void
  /** A look at the cluster, by whoever looks. */
  noteStatus(status: ClusterStatus): void
  /** The primary is being replaced just now: what can wait a few seconds should. */
  isHandingOver(): boolean
  close(): Promise<void>
}

/** Between two tries to follow the engine's events. */
const RECONNECT_MS = 1000

export function createFailover(options: FailoverOptions): Failover {
  const { config, kv, engine, http, lease, events, logger } = options
  const { cluster } = config
  const { members } = config.observe
  const now = (): number => performance.now()
  let view: CoordinationView | undefined
  const counts = addFailoverMetrics(options.metrics, () => view?.record ?? null)
  const repair = new RepairLoop({ engine, lease, events, logger, now })
  const patroni = createPatroniControl({ members, patroniRest: config.patroniRest }, http)
  const rejoin = new Rejoin({ engine, patroni, lease, events, now })
  const placement = new EtcdPlacement({ etcd: config.observe.etcd, http, lease, events, now })
  const { show, clients } = createHandover(options, now)
  const witnesses = new Witnesses({
    members,
    http,
    now,
    onUnease: () => loop.wake(),
    onWrite: (member, begunAt) => void show.noteWrite(member, begunAt),
    ...connectorsOf(options),
  })
  const loop: FailoverLoop = new FailoverLoop({
    cluster,
    members,
    kv,
    engine,
    http,
    lease,
    acts: new FenceActs({ cluster, controller: config.replica, kv, engine, lease, events, counts }),
    witnesses,
    events,
    logger,
    onRead: ({ snapshot, record }) => {
      show.noteLeader(snapshot.leader, snapshot.seenAt)
      void show.noteFence(record)
    },
    onLook: (seen) => {
      view = seen
      // a look takes its time, and a lease may end in the middle
      if (lease.isActive()) clients.noteLook({ ...seen, refusing: witnesses.refusingPrimary() })
      else clients.rest()
      repair.noteView(seen)
      rejoin.noteView(seen)
    },
    onRest: () => clients.rest(),
    onRefused: (why) => counts.refused(why),
    now,
  })
  const stop = new AbortController()
  let following: Promise<void> = Promise.resolve()
  return {
    start: () => {
      loop.start()
      repair.start()
      following = followEngine(options, stop.signal, () => {
        loop.wake()
        repair.wake()
      })
    },
    noteStatus: (status) => {
      // failsafe mode forbids a failover for a whole ttl, so every look that sees it counts
      if (status.failsafe_active) loop.noteFailsafe()
      rejoin.noteStatus(status)
      placement.noteStatus(status)
    },
    isHandingOver: () => clients.isHandingOver(),
    close: async () => {
      stop.abort()
      await Promise.all([
        loop.close().then(() => clients.close()),
        repair.close(),
        rejoin.close(),
        placement.close(),
        following,
      ])
    },
  }
}

/** What leads clients to the new primary: the routers are told of it, and the poolers hold the clients until then. */
function createHandover(
  { config, tls, lease, events, logger }: FailoverOptions,
  now: () => number,
): { readonly show: ShowPrimary; readonly clients: ClientPause } {
  const { members, routers, poolers } = config.observe
  const clock = { now, sleep: (ms: number) => sleep(ms) }
  const show: ShowPrimary = new ShowPrimary({
    guide: createRouterGuide({ routers, members, tls }),
    isActive: () => lease.isActive(),
    onShown: (member) => clients.noteShown(member),
    logger,
  })
  const clients: ClientPause = new ClientPause({
    poolers: createPoolerFleet({ poolers, ...config.pausing }, tls, clock),
    onHeld: () => show.showAgain(now()),
    isShowing: () => show.isShowing,
    events,
    logger,
    now,
  })
  return { show, clients }
}

/** Who asks the members: the probe by its own role, the state of receivers by the role that observes. */
function connectorsOf({ config, tls }: FailoverOptions): {
  readonly connectProbe: WitnessOptions['connectProbe']
  readonly connectObserver: (target: MemberAddress) => DirectClient
} {
  const connect =
    (login: Login, applicationName: string) =>
    (target: ProbeTarget, told: Parameters<WitnessOptions['connectProbe']>[1] = {}): DirectClient =>
      createDirectClient({
        endpoint: { name: target.address, address: target.address, port: PORTS.postgres },
        login,
        tls,
        applicationName,
        ...told,
      })
  return {
    connectProbe: connect(config.probe, 'neuronha-probe'),
    connectObserver: connect(config.observe.database, 'neuronha-witness'),
  }
}

/** Every start and end of a container is a reason to look at once; a lost connection only makes looks come later. */
async function followEngine(
  { engine, logger }: FailoverOptions,
  signal: AbortSignal,
  onEvent: () => void,
): Promise<void> {
  let lastTrouble = ''
  const followOnce = async (): Promise<void> => {
    for await (const { action, name } of engine.events(signal)) {
      lastTrouble = ''
      logger.debug({ action, container: name }, 'engine event')
      onEvent()
    }
  }
  while (!signal.aborted) {
    await followOnce().catch((thrown: unknown) => {
      const { message } = toPlatformError(thrown)
      if (message !== lastTrouble)
        logger.warn({ err: thrown }, 'the engine’s events cannot be followed')
      lastTrouble = message
    })
    await sleep(RECONNECT_MS, undefined, { signal }).catch(() => undefined)
  }
}
