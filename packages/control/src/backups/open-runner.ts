/** What both runners have: their configuration, etcd, pgBackRest, the audit log, and an end that waits for none of them. */
import process from 'node:process'
import type { BackupConfig, backupConfig } from '@neuronha/core/config/processes.ts'
import { PGBACKREST_CONFIG } from '@neuronha/core/render/pgbackrest.ts'
import { loadConfig } from '@neuronha/runtime/load-config.ts'
import { createLogger, type Logger } from '@neuronha/runtime/logger.ts'
import { failStart } from '@neuronha/runtime/shutdown.ts'
import { loadTls } from '@neuronha/runtime/tls.ts'
import { createEtcdClient } from '../etcd/etcd-client.ts'
import { createKv, type Kv } from '../etcd/kv.ts'
import { createEventLog } from '../events/create-event-log.ts'
import type { EventLog } from '../events/event-log.ts'
import { createHttpClient } from '../observe/http-client.ts'
import { configurationNow } from './answering-members.ts'
import { createPgbackrest, executeTelling, type Execute, type Pgbackrest } from './pgbackrest.ts'

const ETCD_TIMEOUT_MS = 1500
const FLUSH_MS = 5000
const NARROWED_CONFIG = '/tmp/pgbackrest-answering.conf'

/** What reaches for the members is told of those that answer. */
const withThoseWhoAnswer =
  (execute: Execute): Execute =>
  async (command, options) => {
    const config = await configurationNow(PGBACKREST_CONFIG, NARROWED_CONFIG)
    const given = `--config=${PGBACKREST_CONFIG}`
    return execute(
      command.map((word) => (word === given ? `--config=${config}` : word)),
      options,
    )
  }

export interface Runner extends Pick<BackupConfig, 'cluster' | 'repositories'> {
  readonly kv: Kv
  readonly pgbackrest: Pgbackrest
  readonly events: EventLog
  readonly logger: Logger
  /** Aborted when the container is asked to end. */
  readonly signal: AbortSignal
  readonly now: () => number
  /** Runs the work, logs what came of it, and writes the last events. A failure ends the process. */
  readonly carryOut: (work: () => Promise<unknown>) => Promise<void>
}

export function openRunner(service: string, schema: typeof backupConfig): Runner {
  const config = loadConfig(schema)
  const { cluster, replica, repositories } = config
  const logger = createLogger({ service, replica, level: config.logLevel })
  const stop = new AbortController()
  process.on('SIGTERM', () => stop.abort())
  process.on('SIGINT', () => stop.abort())
  const http = createHttpClient(loadTls(config.tls))
  const kv = createKv(createEtcdClient({ http, ...config.etcd, timeoutMs: ETCD_TIMEOUT_MS }))
  const events = createEventLog({ kv, cluster, source: replica, actor: 'schedule', logger })
  return {
    ...{ cluster, repositories, kv, events, logger, signal: stop.signal, now: Date.now },
    pgbackrest: createPgbackrest(
      cluster,
      withThoseWhoAnswer(executeTelling((line) => logger.info(line))),
    ),
    carryOut: async (work) => {
      const done = await work().catch((thrown: unknown) => failStart(logger, thrown))
      logger.info({ done }, done === undefined ? 'nothing is asked for' : 'done')
      await events.flush(FLUSH_MS)
    },
  }
}
