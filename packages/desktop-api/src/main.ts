import { fileURLToPath } from 'node:url'
import { systemClock as clock } from '@neuronha/runtime/clock.ts'
import { createHealth } from '@neuronha/runtime/health.ts'
import { createHttpHost } from '@neuronha/runtime/http-host.ts'
import { createLogger } from '@neuronha/runtime/logger.ts'
import { createMetrics } from '@neuronha/runtime/metrics.ts'
import { trackStartup } from '@neuronha/runtime/migrations.ts'
import { createDatabase } from '@neuronha/runtime/postgres/database.ts'
import { runUntilSignal } from '@neuronha/runtime/shutdown.ts'
import { loadTls } from '@neuronha/runtime/tls.ts'
import { addDesktopApi } from './app.ts'
import { createPasswords } from './auth/password.ts'
import { createClients } from './clients.ts'
import { createClusterSource, createEventsSource } from './cluster/cluster-source.ts'
import { loadDesktopApiConfig, METRICS_PREFIX, OPEN_API } from './config.ts'
import { prepareDatabase } from './start.ts'

const config = loadDesktopApiConfig()
const { replica, signingKey, sessionHours } = config
const logger = createLogger({ service: 'desktop-api', replica, level: config.logLevel })
const tls = loadTls(config.tls)
const metrics = createMetrics({ prefix: METRICS_PREFIX, replica })
const health = createHealth()
const database = createDatabase({ access: config.database, tls, replica, logger, metrics })
const passwords = createPasswords()
const clients = createClients({ config, tls, metrics })
const host = await createHttpHost({ config, logger, metrics, health, tls, openApi: OPEN_API })
const loadStatus = createClusterSource(clients.controller, clock)
const shared = { database, passwords, logger, metrics, clock, signingKey, sessionHours }
const loadEvents = createEventsSource(clients.controller, clock)
await addDesktopApi(host.app, { ...shared, agent: clients.agent, loadStatus, loadEvents })
health.add('database', () => database.check())
const directory = fileURLToPath(new URL('./migrations/', import.meta.url))
const prepared = prepareDatabase({ config, database, passwords, directory, logger, tls })
trackStartup(health, prepared, logger)
await host.listen()
const stop = async (): Promise<void> => {
  await host.close()
  await Promise.all([clients.close(), database.close()])
}
await runUntilSignal({ logger, stop, limitMs: config.drainNoticeMs + config.drainFinishMs + 5000 })
