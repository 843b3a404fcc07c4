/** Whom planned work (switchover, restart, reinit) talks to, and as whom. */
import type { PlannedConfig } from '../config/processes.ts'
import type { ClusterSecrets } from '../secrets.ts'
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import { containersOf, type Component } from '../topology/containers.ts'
import { PLATFORM_DATABASE, ROLES, type RoleKey } from '../topology/roles.ts'
import { writeEntries } from './pgbouncer.ts'

export const plannedConfigOf = (spec: ClusterSpec, secrets: ClusterSecrets): PlannedConfig => {
  const parts = (component: Component): PlannedConfig['members'] =>
    containersOf(spec, component).map(({ name, address }) => ({ name, address }))
  const login = (role: RoleKey): { user: string; password: string } => ({
    user: ROLES[role].name,
    password: secrets.roles[role].password,
  })
  return {
    cluster: spec.name,
    members: parts('member'),
    routers: parts('router'),
    poolers: parts('pooler'),
    writeEntries: [...writeEntries(spec)],
    database: { ...login('controller'), database: PLATFORM_DATABASE },
    writer: { ...login('drill'), database: PLATFORM_DATABASE },
    poolerAdmin: login('poolerAdmin'),
    patroniRest: { user: secrets.patroniRest.username, password: secrets.patroniRest.password },
    syncStandbys: spec.database.members > 1 ? spec.database.syncStandbys : 0,
  }
}
