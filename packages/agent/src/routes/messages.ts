import {
  exchange,
  id,
  message,
  messageInput,
  messageQuery,
  messageSearchQuery,
  page,
} from '@neuronha/core/contracts/agent.ts'
import type { App } from '@neuronha/runtime/http-host.ts'
import { clientSignal } from '@neuronha/runtime/http/request-context.ts'
import { idempotentRequest } from '@neuronha/runtime/idempotency.ts'
import type { Logger } from '@neuronha/runtime/logger.ts'
import { openSse } from '@neuronha/runtime/sse.ts'
import { setWriteToken, signWriteToken } from '@neuronha/runtime/write-token.ts'
import { z } from 'zod'
import {
  beginExchange,
  runExchange,
  type ExchangeDeps,
  type Posting,
} from '../exchange/exchange.ts'
import { streamExchange } from '../exchange/stream-exchange.ts'
import type { ModelProvider } from '../providers/model-provider.ts'
import { listMessages, searchMessages } from '../queries/messages.ts'
import { findSession } from '../queries/sessions.ts'
import { callerWith, notFound, readFor, type RouteContext } from './context.ts'
import { pageOf, parseCursor } from './paging.ts'

export interface MessageRouteContext extends RouteContext {
  readonly provider: ModelProvider
}

const params = z.strictObject({ id })
const tags = ['messages']

const addReads = (app: App, context: RouteContext): void => {
  app.get(
    '/sessions/:id/messages',
    {
      schema: {
        tags,
        summary: 'Messages of a session, in order',
        params,
        querystring: messageQuery,
        response: { 200: page(message) },
      },
    },
    async (request, reply) => {
      const { organisation } = callerWith(context, request, 'read')
      const { cursor, limit, role, search } = request.query
      const sessionId = request.params.id
      const options = { sessionId, afterId: parseCursor(cursor), role, search, limit: limit + 1 }
      const rows = await readFor(context, request, reply, async (sql) => {
        const found = await listMessages(sql, organisation, options)
        const isKnown = found.length > 0 || (await findSession(sql, organisation, sessionId))
        return isKnown ? found : undefined
      })
      if (rows === undefined) throw notFound('session')
      return pageOf(rows, limit)
    },
  )
  app.get(
    '/messages/search',
    {
      schema: {
        tags,
        summary: 'Messages of every session that contain the words, newest first',
        querystring: messageSearchQuery,
        response: { 200: page(message) },
      },
    },
    async (request, reply) => {
      const { organisation } = callerWith(context, request, 'read')
      const { cursor, limit, q: words } = request.query
      const beforeId = parseCursor(cursor)
      const rows = await readFor(context, request, reply, (sql) =>
        searchMessages(sql, organisation, { words, beforeId, limit: limit + 1 }),
      )
      return pageOf(rows, limit)
    },
  )
}

const addPost = (app: App, context: MessageRouteContext): void => {
  const { database, records, provider, signingKey } = context
  const depsWith = (logger: Logger): ExchangeDeps => ({ database, records, provider, logger })
  app.post(
    '/sessions/:id/messages',
    {
      schema: {
        tags,
        summary:
          'Say something; stored before the model is asked. `stream: true` answers as events',
        params,
        body: messageInput,
        response: { 201: exchange },
      },
    },
    async (request, reply) => {
      const { organisation, keyId } = callerWith(context, request, 'write')
      const posting: Posting = {
        organisation,
        sessionId: request.params.id,
        input: request.body,
        request: idempotentRequest(request, keyId),
        signal: clientSignal(reply),
      }
      const deps = depsWith(request.log)
      if (!request.body.stream) {
        const done = await runExchange(deps, posting)
        setWriteToken(reply, done.token, signingKey)
        return reply.status(201).send(done.exchange)
      }
      const begun = await beginExchange(deps, posting)
      setWriteToken(reply, begun.token, signingKey)
      await streamExchange(openSse(reply), begun, {
        requestId: request.id,
        signToken: (token) => signWriteToken(token, signingKey),
        onError: (thrown) => request.log.warn({ err: thrown }, 'the stream ends with an error'),
      })
      return reply
    },
  )
}

export const addMessageRoutes = (app: App, context: MessageRouteContext): void => {
  addReads(app, context)
  addPost(app, context)
}
