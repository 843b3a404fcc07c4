/** The controller's API: the topology. */
import { clusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import type { App } from '@neuronha/runtime/http-host.ts'
import { PASSED_ON_HEADER, type ClusterSource } from './cluster-source.ts'

export function addControllerRoutes(app: App, cluster: ClusterSource): void {
  app.get(
    '/v1/cluster',
    { schema: { summary: 'The topology as NeuronHA sees it', response: { 200: clusterStatus } } },
    (request) => cluster({ passedOn: request.headers[PASSED_ON_HEADER] !== undefined }),
  )
}
