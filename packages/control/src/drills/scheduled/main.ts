/** The process of the drills that controllers ask for; run-scheduled.ts has its states. It ends when they are done. */
import process from 'node:process'
import { drillConfig } from '@neuronha/core/config/drill.ts'
import { loadConfig } from '@neuronha/runtime/load-config.ts'
import { createLogger } from '@neuronha/runtime/logger.ts'
import { failStart } from '@neuronha/runtime/shutdown.ts'
import { runScheduled } from './run-scheduled.ts'

const config = loadConfig(drillConfig)
const logger = createLogger({
  service: 'drill',
  replica: config.replica,
  level: config.logLevel,
})
const stop = new AbortController()
process.on('SIGTERM', () => stop.abort())
process.on('SIGINT', () => stop.abort())
await runScheduled(config, logger, stop.signal).catch((thrown: unknown) =>
  failStart(logger, thrown),
)
// Kept connections must not keep a finished run alive.
process.exit()
