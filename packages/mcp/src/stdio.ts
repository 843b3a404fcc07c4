/**
 * NeuronMCP over stdio, with the configuration of the HTTP server: for a client that starts its server as a
 * program of its own. Whoever may start it may use it, so there is no key. Logs go to stderr.
 */
import { once } from 'node:events'
import { mcpConfig } from '@neuronha/core/config/processes.ts'
import { loadConfig } from '@neuronha/runtime/load-config.ts'
import { createLogger } from '@neuronha/runtime/logger.ts'
import { createMetrics } from '@neuronha/runtime/metrics.ts'
import { runUntilSignal } from '@neuronha/runtime/shutdown.ts'
import { loadTls } from '@neuronha/runtime/tls.ts'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { createToolObserver } from './observe-tools.ts'
import { createServerFactory } from './server.ts'
import { createSources } from './sources/create-sources.ts'

const STOP_LIMIT_MS = 5000

const config = loadConfig(mcpConfig)
const { cluster, replica } = config
const logger = createLogger({ service: 'mcp', replica, level: config.logLevel }, process.stderr)
const metrics = createMetrics({ prefix: 'neurondb_mcp_', replica, processMetrics: false })
const sources = createSources({ config, tls: loadTls(config.tls), metrics })
const observer = createToolObserver(logger, metrics)
const handle = serveStdio(createServerFactory({ cluster, sources, observer }), {
  onerror: (error) => logger.debug({ err: error }, 'a message was not answered as asked'),
})
const stop = async (): Promise<void> => {
  await handle.close()
  await sources.close()
}
// The client closes its end of the pipe when it is done.
const clientGone = once(process.stdin, 'end').then(stop)
await Promise.race([clientGone, runUntilSignal({ logger, limitMs: STOP_LIMIT_MS, stop })])
