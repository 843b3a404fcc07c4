/** NeuronDesktop API's routes on an HTTP host. Takes all it needs, opens nothing. */
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import type { EventsPage, EventsQuery } from '@neuronha/core/contracts/events.ts'
import type { Clock } from '@neuronha/runtime/clock.ts'
import type { App } from '@neuronha/runtime/http-host.ts'
import type { Logger } from '@neuronha/runtime/logger.ts'
import type { Metrics } from '@neuronha/runtime/metrics.ts'
import type { Database } from '@neuronha/runtime/postgres/database.ts'
import type { UpstreamClient } from '@neuronha/runtime/upstream-client.ts'
import type { Passwords } from './auth/password.ts'
import { createSessions } from './auth/sessions.ts'
import { addAgentProxy } from './proxy/agent-proxy.ts'
import { addAuthRoutes } from './routes/auth.ts'
import { addClusterRoutes } from './routes/cluster.ts'

export interface DesktopApiDeps {
  readonly database: Database
  readonly passwords: Passwords
  readonly agent: Pick<UpstreamClient, 'request'>
  readonly loadStatus: () => Promise<ClusterStatus>
  readonly loadEvents: (query: EventsQuery) => Promise<EventsPage>
  readonly signingKey: string
  readonly sessionHours: number
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
}

export const addDesktopApi = async (app: App, deps: DesktopApiDeps): Promise<void> => {
  const { database, agent, loadStatus, loadEvents, signingKey, clock, logger, metrics } = deps
  const sessions = createSessions({ database, signingKey, clock })
  const signIns = metrics.counter('sign_ins_total', 'Sign-ins tried', ['outcome'])
  addAuthRoutes(app, { ...deps, sessions, onSignIn: (outcome) => signIns.inc({ outcome }) })
  addClusterRoutes(app, { sessions, loadStatus, loadEvents })
  await addAgentProxy(app, { sessions, agent, database, signingKey, logger })
}
