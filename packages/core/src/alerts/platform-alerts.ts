/** Who watches the watchers: controllers, metrics, notifications. */
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import { hasNotifications } from '../topology/containers.ts'
import { alertTimesOf, byPart, orNone, type AlertGroup, type AlertRule } from './alert.ts'

/** An active controller looks every two seconds. */
const STALE_SECONDS = 15

const notificationsFail = (spec: ClusterSpec): AlertRule => {
  const { lasting, over } = alertTimesOf(spec)
  return {
    alert: 'NotificationsFail',
    expr: `sum by (integration) (increase(alertmanager_notifications_failed_total[${over(600)}])) > 0`,
    forSeconds: lasting(300),
    severity: 'ticket',
    summary: 'Notifications by {{ $labels.integration }} fail',
    meaning: 'Alertmanager cannot deliver: who should be woken is not.',
    byItself: 'Alertmanager tries again, and sends by every other way that is configured.',
    youMay: 'Send one to see: `./neuronha notify test`; read `./neuronha logs alertmanager`.',
    runbook: 'notifications-fail',
  }
}

export const platformAlerts = (spec: ClusterSpec): AlertGroup => {
  const { lasting, over } = alertTimesOf(spec)
  return {
    name: 'platform',
    rules: [
      {
        alert: 'NoActiveController',
        expr: `${orNone('sum(neuronha_controller_active)')} == 0`,
        forSeconds: lasting(60),
        severity: 'page',
        summary: 'No controller is active',
        meaning:
          'Nobody looks for a hung primary, and a lost one is replaced only when its lease runs out. Nobody repairs what stopped.',
        byItself:
          'Patroni still fails over by itself, more slowly. The engine starts controllers that died.',
        youMay: 'Read the controllers’ log (`./neuronha logs controller`).',
        runbook: 'no-active-controller',
        causes: ['EtcdNoQuorum'],
      },
      {
        alert: 'SeveralActiveControllers',
        expr: 'sum(neuronha_controller_active) > 1',
        forSeconds: lasting(60),
        severity: 'page',
        summary: '{{ $value }} controllers say that they are active',
        meaning:
          'Only the holder of the lease in etcd can change anything: every change is bound to its key. One of them is wrong about itself.',
        byItself: 'A controller whose lease ended steps back within seconds.',
        youMay: 'Restart the one that `./neuronha status` does not call active.',
        runbook: 'no-active-controller',
      },
      {
        alert: 'ObservationStale',
        expr: `(neuronha_observation_age_seconds > ${STALE_SECONDS}) and on (replica) (neuronha_controller_active == 1)`,
        forSeconds: lasting(60),
        severity: 'page',
        summary: '{{ $labels.replica }} has not looked at the cluster for {{ $value }} s',
        meaning: 'The active controller is stuck: it neither sees nor repairs anything.',
        byItself: 'It fails its own health check; the other one takes over when its lease ends.',
        youMay: 'Restart it: the other one takes over.',
        runbook: 'no-active-controller',
      },
      {
        alert: 'TargetDown',
        expr: `${byPart('up', 'replica')} == 0`,
        forSeconds: lasting(300),
        severity: 'ticket',
        summary: 'Prometheus cannot read {{ $labels.part }}',
        meaning: 'What it measures is missing, and alerts that depend on it cannot fire.',
        byItself: 'Prometheus goes on trying.',
        youMay: 'See whether it runs (`./neuronha status`).',
        runbook: 'target-down',
        causesOfSame: { part: ['MemberDown', 'EtcdMemberDown', 'ServiceReplicaDown'] },
      },
      {
        alert: 'RuleEvaluationFails',
        expr: `increase(prometheus_rule_evaluation_failures_total[${over(300)}]) > 0`,
        forSeconds: lasting(60),
        severity: 'ticket',
        summary: 'Prometheus cannot evaluate {{ $labels.rule_group }}',
        meaning: 'Alerts of that group may not fire.',
        byItself: 'Nothing.',
        youMay: 'Read `./neuronha logs prometheus`.',
        runbook: 'target-down',
      },
      ...(hasNotifications(spec) ? [notificationsFail(spec)] : []),
    ],
  }
}
