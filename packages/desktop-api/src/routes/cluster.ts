/** The cluster as its controllers see it: the topology, and the audit log. */
import { clusterStatus, type ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import {
  eventsPage,
  eventsQuery,
  type EventsPage,
  type EventsQuery,
} from '@neuronha/core/contracts/events.ts'
import type { App } from '@neuronha/runtime/http-host.ts'
import type { Sessions } from '../auth/sessions.ts'

export interface ClusterRoutesOptions {
  readonly sessions: Sessions
  readonly loadStatus: () => Promise<ClusterStatus>
  readonly loadEvents: (query: EventsQuery) => Promise<EventsPage>
}

export const addClusterRoutes = (
  app: App,
  { sessions, loadStatus, loadEvents }: ClusterRoutesOptions,
): void => {
  app.get(
    '/api/v1/cluster',
    {
      schema: {
        tags: ['cluster'],
        summary: 'The topology: members, poolers, routers, edge, services, etcd, controllers',
        response: { 200: clusterStatus },
      },
    },
    async (request, reply) => {
      await sessions.require(request)
      const status = await loadStatus()
      void reply.header('cache-control', 'no-store')
      return status
    },
  )
  app.get(
    '/api/v1/events',
    {
      schema: {
        tags: ['cluster'],
        summary: 'The audit log: what was decided and done, by whom, on what evidence',
        querystring: eventsQuery,
        response: { 200: eventsPage },
      },
    },
    async (request, reply) => {
      await sessions.require(request)
      const page = await loadEvents(request.query)
      void reply.header('cache-control', 'no-store')
      return page
    },
  )
}
