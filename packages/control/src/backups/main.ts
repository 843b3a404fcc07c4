/** The process of the backups that controllers ask for; run-requested.ts has its states. It ends when they are made. */
import process from 'node:process'
import { backupConfig } from '@neuronha/core/config/processes.ts'
import { loadConfig } from '@neuronha/runtime/load-config.ts'
import { createLogger } from '@neuronha/runtime/logger.ts'
import { failStart } from '@neuronha/runtime/shutdown.ts'
import { loadTls } from '@neuronha/runtime/tls.ts'
import { createEtcdClient } from '../etcd/etcd-client.ts'
import { createKv } from '../etcd/kv.ts'
import { createEventLog } from '../events/create-event-log.ts'
import { createHttpClient } from '../observe/http-client.ts'
import { createPgbackrest, executeTelling } from './pgbackrest.ts'
import { runRequested } from './run-requested.ts'

const ETCD_TIMEOUT_MS = 1500
const FLUSH_MS = 5000

const config = loadConfig(backupConfig)
const { cluster, replica, repositories } = config
const logger = createLogger({ service: 'backup', replica, level: config.logLevel })
const stop = new AbortController()
process.on('SIGTERM', () => stop.abort())
process.on('SIGINT', () => stop.abort())
const http = createHttpClient(loadTls(config.tls))
const kv = createKv(createEtcdClient({ http, ...config.etcd, timeoutMs: ETCD_TIMEOUT_MS }))
const events = createEventLog({ kv, cluster, source: replica, actor: 'schedule', logger })
const requested = await runRequested({
  kv,
  cluster,
  repositories,
  pgbackrest: createPgbackrest(
    cluster,
    executeTelling((line) => logger.info(line)),
  ),
  events,
  signal: stop.signal,
  now: Date.now,
}).catch((thrown: unknown) => failStart(logger, thrown))
logger.info({ requested }, requested === undefined ? 'nothing is asked for' : 'done')
await events.flush(FLUSH_MS)
// Kept connections must not keep a finished run alive.
process.exit()
