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
  const { config, kv, isActive, metrics, logger } = options
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
      gauge.reset()
      if (isActive()) gauge.set(archiver.waiting())
    },
  )
  const notice = createNotices(log, options)
  const end = { isClosed: false }
  let timer: NodeJS.Timeout | undefined
  let turn: Promise<void> = Promise.resolve()
  const schedule = (): void => {
    timer = setTimeout(() => {
      notice()
      turn = archiver.turn().then(() => {
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

const SEVERITIES: Readonly<Record<ClusterStatus['health'], Severity>> = {
  healthy: 'info',
  degraded: 'warning',
  down: 'critical',
}

/** Records what changed since the last call: who is active, and how the cluster is. */
const createNotices = (
  log: EventLog,
  { config, isActive, latest }: ControllerEventsOptions,
): (() => void) => {
  const { cluster, replica } = config
  let wasActive = false
  let health: ClusterStatus['health'] = 'healthy'
  return () => {
    const active = isActive()
    if (active !== wasActive) {
      log.record({
        kind: active ? 'controller.active' : 'controller.standby',
        summary: `${replica} is ${active ? 'the active controller now' : 'no longer the active controller'}`,
        target: replica,
      })
      wasActive = active
    }
    const seen = active ? latest() : undefined
    if (seen === undefined || seen.health === health) return
    health = seen.health
    log.record({
      kind: 'cluster.health',
      severity: SEVERITIES[health],
      summary: `${cluster} is ${health}${seen.reasons[0] === undefined ? '' : `: ${seen.reasons[0]}`}`,
      evidence: { reasons: [...seen.reasons] },
    })
  }
}
