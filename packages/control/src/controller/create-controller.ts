/**
 * A controller, put together: the lease decides which one is active; the loop looks, the routes and the metrics tell,
 * failover and repair act. It is in nobody's way: with every controller dead Patroni still fails over by itself.
 */
import type { ControllerConfig } from '@neuronha/core/config/processes.ts'
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { coordinationKeys } from '@neuronha/core/contracts/coordination.ts'
import { createHealth, type Health } from '@neuronha/runtime/health.ts'
import { createHttpHost } from '@neuronha/runtime/http-host.ts'
import type { Logger } from '@neuronha/runtime/logger.ts'
import { createMetrics } from '@neuronha/runtime/metrics.ts'
import { loadTls } from '@neuronha/runtime/tls.ts'
import { readClusterRecords } from '../coordination/cluster-records.ts'
import { createConfiguredEngine } from '../engine/configured-engine.ts'
import { createEtcdClient } from '../etcd/etcd-client.ts'
import { createKv, type Kv } from '../etcd/kv.ts'
import { createFailover, type Failover } from '../failover/create-failover.ts'
import { createHttpClient } from '../observe/http-client.ts'
import { createObserver, type Observer } from '../observe/create-observer.ts'
import { ACTIVE, LEASE_CHECK } from '../observe/observe-services.ts'
import { ActiveLease } from './active-lease.ts'
import { addControllerRoutes } from './app.ts'
import { addClusterMetrics } from './cluster-metrics.ts'
import { CertificateWatch } from './certificate-watch.ts'
import { createClusterSource } from './cluster-source.ts'
import { createControllerEvents } from './controller-events.ts'
import { createBackups } from './create-backups.ts'
import { DrillSchedule, type DrillScheduleOptions } from './drill-schedule.ts'
import { ObservationLoop } from './observation-loop.ts'

export interface Controller {
  start(): Promise<void>
  close(): Promise<void>
}

/** A standby looks this often: enough to be warm, seldom enough to cost next to nothing. */
const STANDBY_INTERVAL_MS = 10_000
/** Whoever asks gets a look that is no older: while somebody watches, the active controller looks more often. */
const FRESH_MS = 1000
/** What changes slowly, or costs a TLS handshake each time, is asked this often by the active controller. */
const SLOW_EVERY_MS = 2900
/** A loop that has not finished a look for so long is stuck. */
const STUCK_AFTER_MS = 15_000
const ETCD_TIMEOUT_MS = 800
const FORWARD_TIMEOUT_MS = 700

const OPEN_API = {
  title: 'NeuronHA controller',
  description: 'The topology of the cluster as the controllers see it, and the audit log.',
  version: '0.1.0',
}

export async function createController(
  config: ControllerConfig,
  logger: Logger,
): Promise<Controller> {
  const tls = loadTls(config.tls)
  const http = createHttpClient(tls)
  const etcd = createEtcdClient({ http, ...config.etcd, timeoutMs: ETCD_TIMEOUT_MS })
  const kv = createKv(etcd)
  const lease = new ActiveLease({
    etcd,
    key: coordinationKeys(config.cluster).active,
    replica: config.replica,
    leaseSeconds: config.leaseSeconds,
    logger,
  })
  const isActive = (): boolean => lease.isActive()
  const isBusy = (): boolean => failover.isHandingOver()
  const metrics = createMetrics({ prefix: 'neuronha_', replica: config.replica })
  const latest = (): ClusterStatus | undefined => observations.latest()?.status
  const events = createControllerEvents({ config, kv, isActive, isBusy, latest, metrics, logger })
  const engine = createConfiguredEngine(config, tls)
  const acting = { kv, engine, lease, events: events.log, logger }
  const failover: Failover = createFailover({ config, http, tls, metrics, ...acting })
  const drills = createDrillSchedule({ config, ...acting })
  const primaryTimeline = (): number | null =>
    latest()?.members.find(({ role }) => role === 'primary')?.timeline ?? null
  const backups = createBackups(config, { ...acting, tls, isActive, isBusy, primaryTimeline })
  const observer = createOwnObserver(config, kv, isActive)
  const observations = new ObservationLoop({
    observer: tellingFailover(observer, failover),
    intervalMs: config.observeIntervalMs,
    standbyIntervalMs: STANDBY_INTERVAL_MS,
    isActive,
    isBusy,
    logger,
  })
  addClusterMetrics(metrics, {
    isActive,
    latest: () => observations.latest(),
    ageMs: () => observations.ageMs(),
  })
  const certificates = new CertificateWatch(config.observe, { tls, metrics, isActive, logger })
  const health = createControllerHealth(observations, isActive)
  const host = await createHttpHost({ config, logger, metrics, health, tls, openApi: OPEN_API })
  const cluster = createClusterSource({
    replica: config.replica,
    controllers: config.observe.controllers,
    lease,
    observations,
    http,
    maxAgeMs: FRESH_MS,
    forwardTimeoutMs: FORWARD_TIMEOUT_MS,
  })
  addControllerRoutes(host.app, { cluster, readEvents: events.read })
  return {
    start: async () => {
      lease.start()
      observations.start()
      events.start()
      certificates.start()
      failover.start()
      drills?.start()
      backups?.start()
      await host.listen()
    },
    close: async () => {
      await failover.close()
      await drills?.close()
      await backups?.close()
      certificates.close()
      // the other controller takes over while this one still answers
      await lease.close()
      await host.close()
      await observations.close()
      await observer.close()
      await events.close()
      await engine.close()
      await http.close()
    },
  }
}

function createControllerHealth(observations: ObservationLoop, isActive: () => boolean): Health {
  const health = createHealth()
  health.add('observation', () => {
    const ageMs = observations.ageMs()
    return ageMs !== null && ageMs < STUCK_AFTER_MS
      ? { ok: true }
      : { ok: false, detail: 'the cluster has not been looked at' }
  })
  // observers read the role here; being a standby is as healthy as being active
  health.add(LEASE_CHECK, () => ({ ok: true, detail: isActive() ? ACTIVE : 'standby' }))
  return health
}

const createOwnObserver = (
  { cluster, replica, observe }: ControllerConfig,
  kv: Kv,
  isActive: () => boolean,
): Observer =>
  createObserver(observe, {
    observer: replica,
    slowEveryMs: SLOW_EVERY_MS,
    self: { name: replica, report: () => ({ active: isActive() }) },
    readRecords: () => readClusterRecords(kv, cluster),
  })

/** What is seen for the status and the metrics serves failover and repair as well. */
const tellingFailover = (
  observer: Observer,
  failover: Pick<Failover, 'noteStatus'>,
): Pick<Observer, 'observe'> => ({
  observe: async () => {
    const status = await observer.observe()
    failover.noteStatus(status)
    return status
  },
})

/** Undefined: this cluster's drills run when somebody asks only. */
const createDrillSchedule = ({
  config: { cluster, drills },
  ...parts
}: Omit<DrillScheduleOptions, 'cluster' | 'drills'> & {
  readonly config: ControllerConfig
}): DrillSchedule | undefined =>
  drills === null ? undefined : new DrillSchedule({ ...parts, cluster, drills })
