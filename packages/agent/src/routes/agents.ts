import { agent, agentInput, id, page, pageQuery } from '@neuronha/core/contracts/agent.ts'
import type { App } from '@neuronha/runtime/http-host.ts'
import { z } from 'zod'
import {
  deleteAgent,
  findAgent,
  insertAgent,
  listAgents,
  lockAgentVersion,
  updateAgent,
} from '../queries/agents.ts'
import { callerWith, notFound, readFor, writeFor, type RouteContext } from './context.ts'
import { assertMatches, etagOf } from './etag.ts'
import { pageOf, parseCursor } from './paging.ts'

const params = z.strictObject({ id })
const tags = ['agents']

const addReads = (app: App, context: RouteContext): void => {
  app.get(
    '/agents',
    {
      schema: {
        tags,
        summary: 'Agents, newest first',
        querystring: pageQuery,
        response: { 200: page(agent) },
      },
    },
    async (request, reply) => {
      const { organisation } = callerWith(context, request, 'read')
      const { cursor, limit } = request.query
      const before = parseCursor(cursor)
      const rows = await readFor(context, request, reply, (sql) =>
        listAgents(sql, organisation, before, limit + 1),
      )
      return pageOf(rows, limit)
    },
  )
  app.get(
    '/agents/:id',
    {
      schema: {
        tags,
        summary: 'One agent; its ETag is its version',
        params,
        response: { 200: agent },
      },
    },
    async (request, reply) => {
      const { organisation } = callerWith(context, request, 'read')
      const found = await readFor(context, request, reply, (sql) =>
        findAgent(sql, organisation, request.params.id),
      )
      if (found === undefined) throw notFound('agent')
      void reply.header('etag', etagOf(found.version))
      return found
    },
  )
}

const addWrites = (app: App, context: RouteContext): void => {
  app.post(
    '/agents',
    { schema: { tags, summary: 'Create an agent', body: agentInput, response: { 201: agent } } },
    async (request, reply) => {
      const { organisation } = callerWith(context, request, 'write')
      const created = await writeFor(context, request, reply, async (sql, newAgentId) => ({
        status: 201,
        body: await insertAgent(sql, organisation, newAgentId, request.body),
      }))
      void reply.header('etag', etagOf(created.version))
      return created
    },
  )
  app.put(
    '/agents/:id',
    {
      schema: {
        tags,
        summary: 'Replace an agent; If-Match refuses when it has changed since',
        params,
        body: agentInput,
        response: { 200: agent },
      },
    },
    async (request, reply) => {
      const { organisation } = callerWith(context, request, 'write')
      const changed = await writeFor(context, request, reply, async (sql) => {
        const version = await lockAgentVersion(sql, organisation, request.params.id)
        if (version === undefined) throw notFound('agent')
        assertMatches(request.headers['if-match'], version)
        const body = await updateAgent(sql, organisation, request.params.id, request.body)
        return { status: 200, body }
      })
      void reply.header('etag', etagOf(changed.version))
      return changed
    },
  )
  app.delete(
    '/agents/:id',
    {
      schema: {
        tags,
        summary: 'Delete an agent with its sessions and messages (role admin)',
        params,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const { organisation } = callerWith(context, request, 'admin')
      return writeFor(context, request, reply, async (sql) => {
        const version = await lockAgentVersion(sql, organisation, request.params.id)
        if (version === undefined) throw notFound('agent')
        assertMatches(request.headers['if-match'], version)
        await deleteAgent(sql, organisation, request.params.id)
        return { status: 204, body: null }
      })
    },
  )
}

export const addAgentRoutes = (app: App, context: RouteContext): void => {
  addReads(app, context)
  addWrites(app, context)
}
