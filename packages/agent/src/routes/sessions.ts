import { id, page, pageQuery, session, sessionInput } from '@neuronha/core/contracts/agent.ts'
import type { App } from '@neuronha/runtime/http-host.ts'
import { z } from 'zod'
import { findAgent } from '../queries/agents.ts'
import { deleteSession, findSession, insertSession, listSessions } from '../queries/sessions.ts'
import { callerWith, notFound, readFor, writeFor, type RouteContext } from './context.ts'
import { pageOf, parseCursor } from './paging.ts'

const params = z.strictObject({ id })
const tags = ['sessions']

const addReads = (app: App, context: RouteContext): void => {
  app.get(
    '/sessions/:id',
    { schema: { tags, summary: 'One session', params, response: { 200: session } } },
    async (request, reply) => {
      const { organisation } = callerWith(context, request, 'read')
      const found = await readFor(context, request, reply, (sql) =>
        findSession(sql, organisation, request.params.id),
      )
      if (found === undefined) throw notFound('session')
      return found
    },
  )
  app.get(
    '/agents/:id/sessions',
    {
      schema: {
        tags,
        summary: 'Sessions of an agent, newest first',
        params,
        querystring: pageQuery,
        response: { 200: page(session) },
      },
    },
    async (request, reply) => {
      const { organisation } = callerWith(context, request, 'read')
      const { cursor, limit } = request.query
      const beforeId = parseCursor(cursor)
      const agentId = request.params.id
      const rows = await readFor(context, request, reply, async (sql) => {
        if ((await findAgent(sql, organisation, agentId)) === undefined) return undefined
        return listSessions(sql, organisation, { agentId, beforeId, limit: limit + 1 })
      })
      if (rows === undefined) throw notFound('agent')
      return pageOf(rows, limit)
    },
  )
}

const addWrites = (app: App, context: RouteContext): void => {
  app.post(
    '/sessions',
    {
      schema: { tags, summary: 'Begin a session', body: sessionInput, response: { 201: session } },
    },
    async (request, reply) => {
      const { organisation } = callerWith(context, request, 'write')
      return writeFor(context, request, reply, async (sql, newSessionId) => {
        const created = await insertSession(sql, organisation, newSessionId, request.body)
        if (created === undefined) throw notFound('agent')
        return { status: 201, body: created }
      })
    },
  )
  app.delete(
    '/sessions/:id',
    {
      schema: {
        tags,
        summary: 'Delete a session with its messages',
        params,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const { organisation } = callerWith(context, request, 'write')
      return writeFor(context, request, reply, async (sql) => {
        const deleted = await deleteSession(sql, organisation, request.params.id)
        if (deleted === 0) throw notFound('session')
        return { status: 204, body: null }
      })
    },
  )
}

export const addSessionRoutes = (app: App, context: RouteContext): void => {
  addReads(app, context)
  addWrites(app, context)
}
