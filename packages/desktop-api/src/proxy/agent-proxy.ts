/**
 * NeuronAgent's API for whoever is signed in: `/api/v1/agent/*` is the agent's `/api/v1/*`. Bodies stream both
 * ways, server-sent events included; statuses, problems and Retry-After come back as the agent gave them.
 */
import { HEADERS } from '@neuronha/core/contracts/http-names.ts'
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import type { App } from '@neuronha/runtime/http-host.ts'
import { clientSignal, contextHeaders } from '@neuronha/runtime/http/request-context.ts'
import type { Logger } from '@neuronha/runtime/logger.ts'
import type { Database } from '@neuronha/runtime/postgres/database.ts'
import type {
  UpstreamClient,
  UpstreamRequest,
  UpstreamResponse,
} from '@neuronha/runtime/upstream-client.ts'
import { readWriteToken, signWriteToken } from '@neuronha/runtime/write-token.ts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { clientOf } from '../auth/client.ts'
import type { Session, Sessions } from '../auth/sessions.ts'
import { auditChange } from './audit-change.ts'
import {
  AGENT_PREFIX,
  agentPathOf,
  forwardedRequestHeaders,
  isChange,
  returnedHeaders,
} from './forwarding.ts'
import { readBody } from './read-body.ts'

export interface AgentProxyOptions {
  readonly sessions: Sessions
  readonly agent: Pick<UpstreamClient, 'request'>
  readonly database: Database
  readonly signingKey: string
  readonly logger: Logger
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
const READ_TIMEOUT_MS = 20_000
/** A model may think for a minute before the first byte, and a failover may come on top. */
const WRITE_TIMEOUT_MS = 120_000

const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD'

const assertMay = ({ account }: Session, method: string): void => {
  if (account.role !== 'viewer' || isRead(method)) return
  throw new PlatformError('FORBIDDEN', 'An account with the role viewer may only look')
}

const toUpstreamRequest = async (
  request: FastifyRequest,
  reply: FastifyReply,
  { path, signingKey }: { readonly path: string; readonly signingKey: string },
): Promise<UpstreamRequest> => {
  const written = readWriteToken(request, signingKey)
  const body = await readBody(request.raw)
  const { method } = request
  return {
    method: method as UpstreamRequest['method'],
    path,
    headers: {
      ...forwardedRequestHeaders(request.headers),
      ...(written === undefined
        ? {}
        : { [HEADERS.lastWrite]: signWriteToken(written, signingKey) }),
      ...contextHeaders(request),
    },
    ...(body === undefined ? {} : { body }),
    timeoutMs: isRead(method) ? READ_TIMEOUT_MS : WRITE_TIMEOUT_MS,
    signal: clientSignal(reply),
  }
}

/** Sends it on; a change is written down first, and its outcome afterwards. */
const forward = async (
  { agent, database, logger }: AgentProxyOptions,
  request: FastifyRequest,
  { session, onward }: { readonly session: Session; readonly onward: UpstreamRequest },
): Promise<UpstreamResponse> => {
  if (!isChange(onward.method, onward.path)) return agent.request(onward)
  const change = await auditChange(database, logger, {
    session,
    client: clientOf(request),
    action: `agent.${onward.method}`,
    target: onward.path.split('?')[0] ?? '',
  })
  try {
    const response = await agent.request(onward)
    void change.ended(String(response.status))
    return response
  } catch (thrown) {
    void change.ended(toPlatformError(thrown).code)
    throw thrown
  }
}

export const addAgentProxy = async (app: App, options: AgentProxyOptions): Promise<void> => {
  const handle = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const session = await options.sessions.require(request)
    assertMay(session, request.method)
    const path = agentPathOf(request.raw.url ?? '')
    if (path === undefined) throw new PlatformError('NOT_FOUND', 'The agent has no such path')
    const onward = await toUpstreamRequest(request, reply, { path, signingKey: options.signingKey })
    const response = await forward(options, request, { session, onward })
    return reply
      .status(response.status)
      .headers(returnedHeaders(response.headers))
      .send(response.body)
  }
  // In a scope of its own, because here bodies are not parsed.
  await (app as unknown as FastifyInstance).register((scope, _options, done) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null))
    scope.route({
      method: [...METHODS],
      url: `${AGENT_PREFIX}/*`,
      schema: { hide: true },
      handler: handle,
    })
    done()
  })
}
