/** NeuronMCP over HTTP: the shared host with /mcp on it. Opens nothing by itself. */
import type { Authenticate } from './authenticate.ts'
import { createToolObserver } from './observe-tools.ts'
import { createServerFactory } from './server.ts'
import type { Sources } from './sources/sources.ts'
import { addMcpRoutes } from './transports/http.ts'
import type { App } from '@neuronha/runtime/http-host.ts'
import type { Logger } from '@neuronha/runtime/logger.ts'
import type { Metrics } from '@neuronha/runtime/metrics.ts'

export interface AddMcpOptions {
  readonly cluster: string
  readonly sources: Sources
  readonly authenticate: Authenticate
  readonly logger: Logger
  readonly metrics: Metrics
}

/** Puts the server on the app. */
export const addMcp = (app: App, options: AddMcpOptions): void => {
  const { cluster, sources, authenticate, logger, metrics } = options
  const observer = createToolObserver(logger, metrics)
  addMcpRoutes(app, {
    factory: createServerFactory({ cluster, sources, observer }),
    authenticate,
    onError: (error) => logger.debug({ err: error }, 'a request was not answered as asked'),
  })
}
