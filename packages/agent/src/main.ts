import { fileURLToPath } from 'node:url'
import { createHealth } from '@neuronha/runtime/health.ts'
import { createHttpHost } from '@neuronha/runtime/http-host.ts'
import { createIdempotencyRecords, startIdempotencyCleanup } from '@neuronha/runtime/idempotency.ts'
import { createLogger } from '@neuronha/runtime/logger.ts'
import { createMetrics } from '@neuronha/runtime/metrics.ts'
import { trackStartup } from '@neuronha/runtime/migrations.ts'
import { createDatabase } from '@neuronha/runtime/postgres/database.ts'
import { systemClock } from '@neuronha/runtime/clock.ts'
import { runUntilSignal } from '@neuronha/runtime/shutdown.ts'
import { loadTls } from '@neuronha/runtime/tls.ts'
import { addAgentApi } from './app.ts'
import { createAuthenticator } from './auth.ts'
import { loadAgentConfig, METRICS_PREFIX, SCHEMA } from './config.ts'
import { HOST_OPTIONS, prepareDatabase } from './start.ts'
import { createProvider } from './providers/create-provider.ts'

const config = loadAgentConfig()
const { replica, signingKey } = config
const logger = createLogger({ service: 'agent', replica, level: config.logLevel })
const tls = loadTls(config.tls)
const metrics = createMetrics({ prefix: METRICS_PREFIX, replica })
const health = createHealth()
const database = createDatabase({ access: config.database, tls, replica, logger, metrics })
const records = createIdempotencyRecords(SCHEMA)
const host = await createHttpHost({ ...HOST_OPTIONS, config, logger, metrics, health, tls })
const authenticator = createAuthenticator(database, systemClock)
const provider = createProvider(config)
await addAgentApi(host.app, { database, records, authenticator, provider, signingKey })
health.add('database', () => database.check())
const directory = fileURLToPath(new URL('./migrations/', import.meta.url))
trackStartup(health, prepareDatabase({ config, database, directory, logger, tls }), logger)
const cleanup = startIdempotencyCleanup({ database, records, logger })
await host.listen()
const stop = async (): Promise<void> => {
  await host.close()
  cleanup.close()
  await database.close()
}
await runUntilSignal({ logger, stop, limitMs: config.drainNoticeMs + config.drainFinishMs + 5000 })
