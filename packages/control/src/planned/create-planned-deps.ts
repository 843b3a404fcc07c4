/** The real world for planned work, from plain configuration: for the CLI, and for a controller that drills by schedule. */
import type { PlannedConfig } from '@neuronha/core/config/processes.ts'
import { sleep } from '@neuronha/runtime/clock.ts'
import type { TlsFiles } from '@neuronha/runtime/tls.ts'
import { createHttpClient } from '../observe/http-client.ts'
import { createMemberDatabases } from './member-databases.ts'
import { createPatroniControl } from './patroni-control.ts'
import { createPoolerFleet } from '../poolers/pooler-fleet.ts'
import type { PlannedClock, PlannedDeps } from './ports.ts'
import { createRouterFleet } from './router-fleet.ts'

export type PlannedContext = Pick<
  PlannedDeps,
  'kv' | 'record' | 'progress' | 'signal' | 'actor' | 'observe'
>

const systemPlannedClock: PlannedClock = {
  now: () => performance.now(),
  sleep: (ms) => sleep(ms),
}

export function createPlannedDeps(
  config: PlannedConfig,
  tls: TlsFiles,
  context: PlannedContext,
): { readonly deps: PlannedDeps; readonly close: () => Promise<void> } {
  const http = createHttpClient(tls)
  const members = createMemberDatabases(config, tls)
  const deps: PlannedDeps = {
    ...context,
    cluster: config.cluster,
    syncStandbys: config.syncStandbys,
    clock: systemPlannedClock,
    members,
    routers: createRouterFleet(config, tls, http),
    patroni: createPatroniControl(config, http),
    poolers: () => createPoolerFleet(config, tls, systemPlannedClock),
  }
  return {
    deps,
    close: async () => {
      await Promise.all([members.close(), http.close()])
    },
  }
}
