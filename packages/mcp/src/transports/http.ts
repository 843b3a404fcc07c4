/**
 * Streamable HTTP at /mcp without any state: each request is served by a server of its own, so any replica
 * serves any request. Both versions of the protocol answer with one JSON body: nothing is sent before the
 * outcome is known, and a broken connection never leaves half an answer.
 */
import { PlatformError } from '@neuronha/core/errors.ts'
import type { App } from '@neuronha/runtime/http-host.ts'
import { clientSignal } from '@neuronha/runtime/http/request-context.ts'
import { toWebRequest } from '@modelcontextprotocol/node'
import {
  createMcpHandler,
  isLegacyRequest,
  WebStandardStreamableHTTPServerTransport,
  type AuthInfo,
  type McpServerFactory,
} from '@modelcontextprotocol/server'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Authenticate } from '../authenticate.ts'

export interface McpRoutesOptions {
  readonly factory: McpServerFactory
  readonly authenticate: Authenticate
  readonly onError: (error: Error) => void
}

interface Exchange {
  readonly request: Request
  readonly body: unknown
  readonly authInfo: AuthInfo
  readonly signal: AbortSignal
}

/** The client left before there was an answer; nobody reads this. */
const CLIENT_GONE = 499

/** 2025-11-25 and before: a server and a transport for this one exchange. */
const serveLegacy = async (
  factory: McpServerFactory,
  { request, body, authInfo, signal }: Exchange,
): Promise<Response> => {
  const server = await factory({ era: 'legacy', authInfo, requestInfo: request })
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true })
  await server.connect(transport)
  const gone = new Promise<Response>((resolve) => {
    const leave = (): void => resolve(new Response(null, { status: CLIENT_GONE }))
    if (signal.aborted) leave()
    else signal.addEventListener('abort', leave, { once: true })
  })
  try {
    return await Promise.race([
      transport.handleRequest(request, { authInfo, parsedBody: body }),
      gone,
    ])
  } finally {
    // Also aborts a tool that is still at work for a client that left.
    await server.close()
  }
}

const unauthenticated = (): PlatformError =>
  new PlatformError('UNAUTHENTICATED', 'NeuronMCP needs a key', {
    hint: 'Send the header "Authorization: Bearer <key>"; `neuronha up` prints where the first key is.',
  })

/** A browser's page of another origin has no business here, whatever key it has got hold of. */
const isForeignOrigin = ({ headers }: FastifyRequest): boolean => {
  if (headers.origin === undefined) return false
  const host = URL.canParse(`https://${headers.host ?? ''}`)
    ? new URL(`https://${headers.host ?? ''}`)
    : undefined
  return !URL.canParse(headers.origin) || new URL(headers.origin).hostname !== host?.hostname
}

const sendResponse = async (reply: FastifyReply, response: Response): Promise<void> => {
  void reply.status(response.status)
  response.headers.forEach((value, name) => void reply.header(name, value))
  await reply.send(Buffer.from(await response.arrayBuffer()))
}

/** Adds /mcp. */
export const addMcpRoutes = (app: App, options: McpRoutesOptions): void => {
  const { factory, authenticate, onError } = options
  const modern = createMcpHandler(factory, {
    legacy: 'reject',
    // The tools never change while a process lives, so there is nothing to listen to.
    maxSubscriptions: 0,
    onerror: onError,
  })
  const serve = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const authInfo = authenticate(request.headers.authorization)
    if (authInfo === undefined) {
      const isWrong = request.headers.authorization !== undefined
      const challenge = `Bearer realm="NeuronMCP"${isWrong ? ', error="invalid_token"' : ''}`
      void reply.header('www-authenticate', challenge)
      throw unauthenticated()
    }
    if (isForeignOrigin(request)) {
      throw new PlatformError('FORBIDDEN', 'Pages of another origin may not use NeuronMCP')
    }
    if (request.method !== 'POST') {
      void reply.header('allow', 'POST').status(405)
      await reply.send({
        jsonrpc: '2.0',
        error: { code: -32000, message: 'Method not allowed: there are no sessions here' },
        id: null,
      })
      return
    }
    const signal = clientSignal(reply)
    const { body } = request
    const webRequest = await toWebRequest(request.raw as Parameters<typeof toWebRequest>[0], body, {
      signal,
    })
    const isLegacy = await isLegacyRequest(webRequest, body)
    const response = isLegacy
      ? await serveLegacy(factory, { request: webRequest, body, authInfo, signal })
      : await modern.fetch(webRequest, { authInfo, parsedBody: body })
    await sendResponse(reply, response)
  }
  app.route({
    method: ['GET', 'POST', 'DELETE'],
    url: '/mcp',
    schema: { hide: true },
    handler: serve,
  })
}
