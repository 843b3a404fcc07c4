import { mcpConfig } from '@neuronha/core/config/processes.ts'
import { createHealth } from '@neuronha/runtime/health.ts'
import { createHttpHost } from '@neuronha/runtime/http-host.ts'
import { loadConfig } from '@neuronha/runtime/load-config.ts'
import { createLogger } from '@neuronha/runtime/logger.ts'
import { createMetrics } from '@neuronha/runtime/metrics.ts'
import { runUntilSignal } from '@neuronha/runtime/shutdown.ts'
import { loadTls } from '@neuronha/runtime/tls.ts'
import { addMcp } from './app.ts'
import { createAuthenticate } from './authenticate.ts'
import { createSources } from './sources/create-sources.ts'

const config = loadConfig(mcpConfig)
const { cluster, replica } = config
const logger = createLogger({ service: 'mcp', replica, level: config.logLevel })
const tls = loadTls(config.tls)
const metrics = createMetrics({ prefix: 'neurondb_mcp_', replica })
const openApi = { title: 'NeuronMCP', description: 'MCP is at /mcp', version: '0.1.0' }
const host = await createHttpHost({ config, logger, metrics, health: createHealth(), tls, openApi })
const sources = createSources({ config, tls, metrics })
const authenticate = createAuthenticate(config.keys)
addMcp(host.app, { cluster, sources, authenticate, logger, metrics })
await host.listen()
const stop = async (): Promise<void> => {
  await host.close()
  await sources.close()
}
await runUntilSignal({ logger, stop, limitMs: config.drainNoticeMs + config.drainFinishMs + 5000 })
