/** The cluster's topology, as the controller sees it. */
import { clusterStatus, type ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import type { App } from '@neuronha/runtime/http-host.ts'
import type { Sessions } from '../auth/sessions.ts'

export interface ClusterRoutesOptions {
  readonly sessions: Sessions
  readonly loadStatus: () => Promise<ClusterStatus>
}

export const addClusterRoutes = (
  app: App,
  { sessions, loadStatus }: ClusterRoutesOptions,
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
}
