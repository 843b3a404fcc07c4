/**
 * The audit log of one controller, put together: what it records, the archiver that runs while it is active, the
 * reader behind its API, and the series about all of it. Changes of the cluster's health and of the active role
 * are recorded here; whoever decides anything records that through `log`.
 */
import type { ControllerConfig } from '@neuronha/core/config/processes.ts'
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import type { Severity } from '@neuronha/core/contracts/coordination.ts'
import type { Logger } from '@neuronha/runtime/logger.ts'
import type { Metrics } from '@neuronha/runtime/metrics.ts'
import { loadTls } from '@neuronha/runtime/tls.ts'
import type { PagedKv } from '../etcd/kv.ts'
import { Archiver } from '../events/archiver.ts'
import { createArchiveReader, createArchiveWriter } from '../events/event-archive.ts'
import { createEventLog } from '../events/create-event-log.ts'
import type { EventLog } from '../events/event-log.ts'
import { createEventStore } from '../events/event-store.ts'
import { createReadEvents, type ReadEvents } from '../events/read-events.ts'

export interface ControllerEventsOptions {
  readonly config: Pick<ControllerConfig, 'cluster' | 'replica' | 'tls' | 'observe'>
  readonly kv: PagedKv
  readonly isActive: () => boolean
  /** Nothing is moved to PostgreSQL meanwhile, for some turns at most. */
  readonly isBusy: () => boolean
  /** The last look at the cluster. */
  readonly latest: () => Pick<ClusterStatus, 'health' | 'reasons'> | undefined
  readonly metrics: Metrics
  readonly logger: Logger
}

export interface ControllerEvents {
  readonly log: EventLog
  readonly read: ReadEvents
  start(): void
  /** Writes what is still in memory. To be called before the way to etcd closes. */
  close(): Promise<void>
}

const TURN_MS = 1000
const FLUSH_MS = 2000

export function createControllerEvents(options: ControllerEventsOptions): ControllerEvents {
  const { config, kv, isActive, isBusy, metrics, logger } = options
  const { cluster, replica, observe } = config
  const log = createEventLog({ kv, cluster, source: replica, actor: 'controller', logger })
  const store = createEventStore(kv, cluster)
  const access = { members: observe.members, login: observe.database, tls: loadTls(config.tls) }
  const writer = createArchiveWriter(access)
  const reader = createArchiveReader(access)
  const counted = metrics.counter(
    'events_total',
    'Events of the audit log, counted by the active controller when they reach etcd.',
    ['kind', 'severity'],
  )
  const archiver = new Archiver({
    store,
    archive: writer,
    log,
    isActive,
    logger,
    onEvent: ({ kind, severity }) => counted.inc({ kind, severity }),
  })
  metrics.gauge(
    'events_waiting',
    'Events that wait in etcd for PostgreSQL; the active controller knows.',
    [],
    (gauge) => {
      gauge.remove({})
      if (isActive()) gauge.set(archiver.waiting())
    },
  )
  const notice = createNotices(log, options)
  const end = { isClosed: false }
  let timer: NodeJS.Timeout | undefined
  let turn: Promise<void> = Promise.resolve()
  const archiveTurn = sparing(isBusy, () => archiver.turn())
  const schedule = (): void => {
    timer = setTimeout(() => {
      notice()
      turn = archiveTurn().then(() => {
        if (!end.isClosed) schedule()
      })
    }, TURN_MS)
  }
  return {
    log,
    read: createReadEvents(store, reader),
    start: schedule,
    close: async () => {
      end.isClosed = true
      clearTimeout(timer)
      await Promise.all([log.flush(FLUSH_MS), turn])
      await Promise.all([log.close(), writer.close(), reader.close()])
    },
  }
}

const MOST_TURNS_SPARED = 10

/** The turns without those that fall into a busy time, of which so many in a row are left out. */
export const sparing = (
  isBusy: () => boolean,
  turn: () => Promise<void>,
): (() => Promise<void>) => {
  let spared = 0
  return async () => {
    spared = isBusy() ? spared + 1 : 0
    if (spared > 0 && spared <= MOST_TURNS_SPARED) return
    spared = 0
    await turn()
  }
}

const SEVERITIES: Readonly<Record<ClusterStatus['health'], Severity>> = {
  healthy: 'info',
  degraded: 'warning',
  down: 'critical',
}

type Seen = Pick<ClusterStatus, 'health' | 'reasons'>

const describeHealth = (cluster: string, { health, reasons }: Seen): string =>
  `${cluster} is ${health}${reasons[0] === undefined ? '' : `: ${reasons[0]}`}`

/** A cluster that lacks something for less than this many looks has had a hiccup, which the log of every look tells. */
const DEGRADED_LOOKS = 3

/**
 * Records what changed since the last call: who is active, and how the cluster is. What a term begins with is said
 * with its beginning: at the first `up` every cluster is down, and that alarms nobody.
 */
export const createNotices = (
  log: Pick<EventLog, 'record'>,
  { config, isActive, latest }: Pick<ControllerEventsOptions, 'config' | 'isActive' | 'latest'>,
): (() => void) => {
  const { cluster, replica } = config
  /** As was recorded last; undefined while another controller is the active one. */
  let health: ClusterStatus['health'] | undefined
  let degradedLooks = 0
  const begin = (seen: Seen): void =>
    log.record({
      kind: 'controller.active',
      severity: seen.health === 'healthy' ? 'info' : 'warning',
      summary: `${replica} is the active controller now; ${describeHealth(cluster, seen)}`,
      target: replica,
      evidence: { reasons: [...seen.reasons] },
    })
  const end = (): void =>
    log.record({
      kind: 'controller.standby',
      summary: `${replica} is no longer the active controller`,
      target: replica,
    })
  const change = (seen: Seen): void =>
    log.record({
      kind: 'cluster.health',
      severity: SEVERITIES[seen.health],
      summary: describeHealth(cluster, seen),
      evidence: { reasons: [...seen.reasons] },
    })
  return () => {
    const seen = isActive() ? latest() : undefined
    if (seen === undefined) {
      if (health !== undefined && !isActive()) {
        end()
        health = undefined
      }
      return
    }
    degradedLooks = seen.health === 'degraded' ? degradedLooks + 1 : 0
    const isHiccup = seen.health === 'degraded' && degradedLooks < DEGRADED_LOOKS
    if (health === undefined) begin(seen)
    else if (seen.health !== health && !isHiccup) change(seen)
    else return
    health = seen.health
  }
}
