/** Every alert of a cluster, and which of them explains which. */
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import { SHARED_LABELS, type AlertGroup, type AlertRule, type SharedLabel } from './alert.ts'
import { backupAlerts } from './backup-alerts.ts'
import { capacityAlerts } from './capacity-alerts.ts'
import { etcdAlerts } from './etcd-alerts.ts'
import { failoverAlerts } from './failover-alerts.ts'
import { platformAlerts } from './platform-alerts.ts'
import { poolerAlerts } from './pooler-alerts.ts'
import { primaryAlerts } from './primary-alerts.ts'
import { replicationAlerts } from './replication-alerts.ts'
import { serviceAlerts } from './service-alerts.ts'

export const alertGroups = (spec: ClusterSpec): readonly AlertGroup[] =>
  [
    primaryAlerts,
    failoverAlerts,
    replicationAlerts,
    etcdAlerts,
    poolerAlerts,
    serviceAlerts,
    capacityAlerts,
    ...(spec.backup.repositories.length > 0 ? [backupAlerts] : []),
    platformAlerts,
  ].map((group) => group(spec))

export const alertsOf = (spec: ClusterSpec): readonly AlertRule[] =>
  alertGroups(spec).flatMap(({ rules }) => rules)

export interface Inhibition {
  /** While this alert fires … */
  readonly cause: string
  /** … these are not sent, */
  readonly consequences: readonly string[]
  /** if this label of both is the same. */
  readonly same: SharedLabel | undefined
}

/** Turned round: for each cause all of its consequences. */
export const inhibitionsOf = (spec: ClusterSpec): readonly Inhibition[] => {
  const alerts = alertsOf(spec)
  const collect = (
    causesOf: (rule: AlertRule) => readonly string[] | undefined,
    same?: SharedLabel,
  ): readonly Inhibition[] =>
    alerts.flatMap(({ alert: cause }) => {
      const consequences = alerts
        .filter((rule) => causesOf(rule)?.includes(cause) === true)
        .map(({ alert }) => alert)
        .sort()
      return consequences.length === 0 ? [] : [{ cause, consequences, same }]
    })
  return [
    ...collect(({ causes }) => causes),
    ...SHARED_LABELS.flatMap((label) =>
      collect(({ causesOfSame }) => causesOfSame?.[label], label),
    ),
  ]
}
