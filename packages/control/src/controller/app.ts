/** The controller's API: the topology, and the audit log. */
import { clusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { eventsPage, eventsQuery } from '@neuronha/core/contracts/events.ts'
import type { App } from '@neuronha/runtime/http-host.ts'
import { toStoredQuery, type ReadEvents } from '../events/read-events.ts'
import { PASSED_ON_HEADER, type ClusterSource } from './cluster-source.ts'

export interface ControllerRoutes {
  readonly cluster: ClusterSource
  readonly readEvents: ReadEvents
}

export function addControllerRoutes(app: App, { cluster, readEvents }: ControllerRoutes): void {
  app.get(
    '/v1/cluster',
    { schema: { summary: 'The topology as NeuronHA sees it', response: { 200: clusterStatus } } },
    (request) => cluster({ passedOn: request.headers[PASSED_ON_HEADER] !== undefined }),
  )
  app.get(
    '/v1/events',
    {
      schema: {
        summary: 'The audit log: what was decided and done, by whom, on what evidence',
        querystring: eventsQuery,
        response: { 200: eventsPage },
      },
    },
    (request) => readEvents(toStoredQuery(request.query)),
  )
}
