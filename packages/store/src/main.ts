/** The trial store's process. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { storeConfig } from '@neuronha/core/config/store.ts'
import { loadConfig } from '@neuronha/runtime/load-config.ts'
import { createLogger } from '@neuronha/runtime/logger.ts'
import { failStart, runUntilSignal } from '@neuronha/runtime/shutdown.ts'
import { ObjectFiles } from './objects.ts'
import { createStoreServer } from './server.ts'

const STOP_LIMIT_MS = 10_000

const config = loadConfig(storeConfig)
const { bucket, accessKey, secretKey, listen, replica } = config
const logger = createLogger({ service: 'store', replica, level: config.logLevel })
const objects = new ObjectFiles(config.dataDir)
await objects.open(Date.now()).catch((thrown: unknown) => failStart(logger, thrown))
const server = createStoreServer({
  objects,
  bucket,
  credentials: { accessKey, secretKey },
  logger,
  tls: {
    cert: readFileSync(config.tls.certificateFile, 'utf8'),
    key: readFileSync(config.tls.keyFile, 'utf8'),
  },
})
server.listen(listen.port, listen.address)
await once(server, 'listening').catch((thrown: unknown) => failStart(logger, thrown))
logger.info({ ...listen, bucket }, 'listening')
const stop = async (): Promise<void> => {
  server.close()
  server.closeIdleConnections()
  await once(server, 'close')
}
await runUntilSignal({ logger, stop, limitMs: STOP_LIMIT_MS })
