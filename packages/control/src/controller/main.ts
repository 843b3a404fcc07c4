/**
 * The controller's process. States: starting (configuration, certificates) → standby or active, as the lease in
 * etcd decides (active-lease.ts has that machine) → draining on SIGTERM: the lease is given back first, so that
 * the other controller is active before this one stops answering → ended.
 */
import { createLogger } from '@neuronha/runtime/logger.ts'
import { failStart, runUntilSignal } from '@neuronha/runtime/shutdown.ts'
import { loadControllerConfig } from './config.ts'
import { createController } from './create-controller.ts'

const config = loadControllerConfig()
const logger = createLogger({
  service: 'controller',
  replica: config.replica,
  level: config.logLevel,
})
const start = async () => {
  const controller = await createController(config, logger)
  await controller.start()
  return controller
}
const controller = await start().catch((thrown: unknown) => failStart(logger, thrown))
await runUntilSignal({
  logger,
  limitMs: config.drainNoticeMs + config.drainFinishMs + 5000,
  stop: () => controller.close(),
})
