/** Judges one look at a cluster: roles, health, and in plain words what is wrong. Pure. */
import type { ClusterStatus, LastDrill } from '@neuronha/core/contracts/cluster-status.ts'
import { assessBackups } from './assess-backups.ts'
import { assessMembers } from './assess-members.ts'
import {
  assessAlertmanagers,
  assessControllers,
  assessEdges,
  assessEngineProxies,
  assessEtcd,
  assessPoolers,
  assessPrometheus,
  assessRouters,
  assessServices,
  findPartProblems,
} from './assess-parts.ts'
import {
  commitsOf,
  findDatabaseProblems,
  isFailsafeActive,
  isPatroniPaused,
} from './find-database-problems.ts'
import type { Finding } from './finding.ts'
import { valueOf, type RawObservation } from './raw-observation.ts'

const healthOf = (findings: readonly Finding[]): ClusterStatus['health'] => {
  if (findings.some(({ severity }) => severity === 'down')) return 'down'
  return findings.length > 0 ? 'degraded' : 'healthy'
}

/** A standby may not have heard of the newest yet. */
const lastDrillOf = ({ members }: RawObservation): LastDrill | null =>
  members
    .map(({ slowFacts }) => valueOf(slowFacts)?.lastDrill ?? null)
    .reduce((newest, drill) => {
      if (newest === null || drill === null) return newest ?? drill
      return drill.started_at > newest.started_at ? drill : newest
    }, null)

/** The whole status. `down` means that users cannot work, `degraded` that they can with less in reserve. */
export function assessCluster(raw: RawObservation): ClusterStatus {
  const assessed = assessMembers(raw)
  const status: Omit<ClusterStatus, 'health' | 'reasons'> = {
    cluster: raw.config.patroniScope,
    observed_at: raw.observedAt.toISOString(),
    observer: raw.observer,
    synchronous: raw.config.synchronous,
    synchronous_standby_names: assessed.primaryPostgres?.synchronousStandbyNames ?? null,
    commits: commitsOf(assessed.primaryPostgres),
    failsafe_active: isFailsafeActive(raw),
    patroni_paused: isPatroniPaused(raw),
    members: [...assessed.members],
    etcd: assessEtcd(raw),
    routers: assessRouters(raw),
    poolers: assessPoolers(raw),
    edges: assessEdges(raw),
    services: assessServices(raw),
    controllers: assessControllers(raw),
    engine_proxies: assessEngineProxies(raw),
    prometheus: assessPrometheus(raw),
    alertmanagers: assessAlertmanagers(raw),
    backups: assessBackups(raw),
    last_drill: lastDrillOf(raw),
    maintenance: raw.records.maintenance,
  }
  const findings = [...findDatabaseProblems(raw, assessed), ...findPartProblems(status)]
  // what stops users first, then what only weakens
  const ordered = [...findings].sort(
    (left, right) => Number(right.severity === 'down') - Number(left.severity === 'down'),
  )
  return { ...status, health: healthOf(ordered), reasons: ordered.map(({ words }) => words) }
}
