/**
 * The HTTP server that every process stands on: mutual TLS, validation and OpenAPI from one zod schema,
 * problem+json for every failure, request ids and traces, health, metrics, drain. A service adds routes.
 */
import type { processConfig } from '@neuronha/core/config/common.ts'
import { problem, PROBLEM_CONTENT_TYPE } from '@neuronha/core/contracts/problem.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import fastifySwagger from '@fastify/swagger'
import {
  fastify,
  LogController,
  type FastifyInstance,
  type FastifyServerOptions,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from 'fastify'
import {
  createJsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Health } from './health.ts'
import { addDrain } from './http/drain.ts'
import { sendProblem, toRequestError } from './http/problems.ts'
import { requestIdOf, traceOf } from './http/request-context.ts'
import { addRequestMetrics } from './http/request-metrics.ts'
import { addSystemRoutes } from './http/system-routes.ts'
import type { Logger } from './logger.ts'
import type { Metrics } from './metrics.ts'
import type { TlsFiles } from './tls.ts'

/** A Fastify instance whose routes take zod schemas. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  Logger,
  ZodTypeProvider
>

type ProcessConfig = z.infer<typeof processConfig>

export interface HttpHostOptions {
  readonly config: Pick<ProcessConfig, 'replica' | 'listen' | 'drainNoticeMs' | 'drainFinishMs'>
  readonly logger: Logger
  readonly metrics: Metrics
  readonly health: Health
  /** Absent only in tests: plain HTTP. */
  readonly tls?: TlsFiles | undefined
  readonly openApi: {
    readonly title: string
    readonly description: string
    readonly version: string
    /** Where the document is served; default /openapi.json. */
    readonly paths?: readonly string[]
  }
  /** Default 1 MiB. */
  readonly bodyLimitBytes?: number
}

export interface HttpHost {
  readonly app: App
  /** Binds the configured address and port; gives the port, which a test leaves to the system (0). */
  listen(): Promise<number>
  /** Drains and closes. Safe to call twice. */
  close(): Promise<void>
}

/** Above every proxy's idle time, so that it is never this side that closes a connection under a request. */
const KEEP_ALIVE_TIMEOUT_MS = 90_000
/** For receiving a whole request; answering may take longer. */
const REQUEST_TIMEOUT_MS = 60_000

const serverOptions = (options: HttpHostOptions): FastifyServerOptions => ({
  loggerInstance: options.logger,
  logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
  genReqId: (raw) => requestIdOf(raw),
  childLoggerFactory: (logger, bindings, childOptions, raw) =>
    logger.child({ ...bindings, traceId: traceOf(raw).traceId }, childOptions),
  bodyLimit: options.bodyLimitBytes ?? 1024 * 1024,
  keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
  requestTimeout: REQUEST_TIMEOUT_MS,
  forceCloseConnections: 'idle',
  return503OnClosing: false,
  routerOptions: { ignoreTrailingSlash: true, maxParamLength: 200 },
  ...(options.tls === undefined
    ? {}
    : { https: { ...options.tls, requestCert: true, rejectUnauthorized: true } }),
})

const addOpenApi = async (app: App, { openApi }: HttpHostOptions): Promise<void> => {
  const { title, description, version, paths = ['/openapi.json'] } = openApi
  // The plugin is typed for an instance without pino and zod.
  await (app as unknown as FastifyInstance).register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title, description, version },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    },
    // A registry of its own, empty: schemas are written where they are used. With the global one the library
    // derives names that collide (`Agent` as input is `AgentInput`, which is a schema of its own).
    transform: createJsonSchemaTransform({ schemaRegistry: z.registry<{ id?: string }>() }),
  })
  for (const path of paths) {
    app.get(path, { schema: { hide: true } }, async (_request, reply) => {
      await reply.send(app.swagger())
    })
  }
}

const addProblems = (app: App): void => {
  app.setErrorHandler((thrown, request, reply) =>
    sendProblem(request, reply, toRequestError(request, thrown)),
  )
  app.setNotFoundHandler((request, reply) =>
    sendProblem(
      request,
      reply,
      new PlatformError('NOT_FOUND', `There is no ${request.method} ${request.url}`),
    ),
  )
  // Every documented operation may answer with a problem.
  app.addHook('onRoute', (route) => {
    if (route.schema === undefined || 'hide' in route.schema) return
    const documented = route.schema.response as Record<string, unknown> | undefined
    route.schema.response = {
      ...documented,
      default: { content: { [PROBLEM_CONTENT_TYPE]: { schema: problem } } },
    }
  })
}

/** Builds the server; nothing listens yet. Add routes to `app`, then `listen()`. */
export const createHttpHost = async (options: HttpHostOptions): Promise<HttpHost> => {
  const { config, health, logger, metrics } = options
  const app = fastify(serverOptions(options)) as unknown as App
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  const plain = app as unknown as FastifyInstance
  addSystemRoutes(plain, { health, metrics, replica: config.replica })
  addRequestMetrics(plain, metrics)
  const drain = addDrain(plain, {
    health,
    logger,
    noticeMs: config.drainNoticeMs,
    finishMs: config.drainFinishMs,
  })
  addProblems(app)
  await addOpenApi(app, options)
  let closing: Promise<void> | undefined
  return {
    app,
    listen: async () => {
      const { address, port } = config.listen
      await app.listen({ host: address, port })
      const bound = app.server.address()
      const listening = typeof bound === 'object' && bound !== null ? bound.port : port
      logger.info({ address, port: listening }, 'listening')
      return listening
    },
    close: () => (closing ??= drain()),
  }
}
