/** What the controllers did, what they would not do, and what holds them back. */
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import { alertTimesOf, happened, type AlertGroup, type AlertRule } from './alert.ts'

const DAY_SECONDS = 86_400

/** States in which nothing, or less than usual, fails over. */
const heldBack = (spec: ClusterSpec): readonly AlertRule[] => {
  const { lasting } = alertTimesOf(spec)
  return [
    {
      alert: 'PatroniPaused',
      expr: 'max(patroni_is_paused) == 1',
      forSeconds: lasting(900),
      severity: 'ticket',
      summary: 'Patroni is paused: nothing fails over',
      meaning: 'Somebody paused Patroni. Neither it nor the controllers will replace a primary.',
      byItself: 'Nothing, on purpose.',
      youMay: 'Resume it when the work is done.',
      runbook: 'patroni-paused',
    },
    {
      alert: 'FailsafeActive',
      expr: 'max(patroni_failsafe_mode_is_active) == 1',
      forSeconds: lasting(60),
      severity: 'page',
      summary: 'Patroni works without etcd, in failsafe',
      meaning:
        'The primary goes on only because it reaches every member. One member lost now stops writes, and nothing fails over.',
      byItself: 'It ends as soon as etcd answers again.',
      youMay: 'Repair etcd or the network between members and etcd; touch no member.',
      runbook: 'etcd-no-quorum',
      causes: ['EtcdNoQuorum'],
    },
    {
      alert: 'MaintenanceForgotten',
      expr: `time() - max(neuronha_maintenance_since_seconds) > ${DAY_SECONDS}`,
      forSeconds: 0,
      severity: 'ticket',
      summary: 'Maintenance has been on for over a day',
      meaning: 'While maintenance is on the controllers repair nothing.',
      byItself: 'Nothing, on purpose. Patroni still fails over when a lease runs out.',
      youMay: 'Switch it off when the work is done; `./neuronha status` says who began it and why.',
      runbook: 'maintenance-forgotten',
    },
  ]
}

export const failoverAlerts = (spec: ClusterSpec): AlertGroup => {
  const { lasting, over } = alertTimesOf(spec)
  return {
    name: 'failover',
    rules: [
      {
        alert: 'PrimaryFenced',
        expr: happened('neuronha_fences_total', over(900), 'reason'),
        forSeconds: 0,
        severity: 'ticket',
        summary: 'The controller fenced a primary: {{ $labels.reason }}',
        meaning: 'A primary was found dead or hung, and was made certain not to write any more.',
        byItself:
          'The lease was handed on, a standby was promoted, and the old primary is started again as a standby.',
        youMay:
          'Find out why it was silent: its logs (`./neuronha logs member-N`), its disk, its machine. A drill fences too.',
        runbook: 'primary-fenced',
      },
      {
        alert: 'FailedOver',
        expr: happened('neuronha_failovers_total', over(900), 'path'),
        forSeconds: 0,
        severity: 'ticket',
        summary: 'A failover happened ({{ $labels.path }})',
        meaning: 'Another member is primary now, and nobody had asked for it.',
        byItself: 'The old primary rewinds and comes back as a standby.',
        youMay: 'See that all members stream (`./neuronha status`), and find out what happened.',
        runbook: 'failed-over',
      },
      {
        alert: 'FailoverRefused',
        expr: `(${happened('neuronha_failover_refused_total', over(300), 'why')}) and on () (max(neuronha_primary_writable) or vector(0)) == 0`,
        forSeconds: lasting(30),
        severity: 'page',
        summary: 'There is no primary and the controller would not fail over: {{ $labels.why }}',
        meaning:
          'A failover could have lost acknowledged writes, or was forbidden, so the controller left it to Patroni.',
        byItself:
          'A dead primary is started again; it holds every acknowledged write. Patroni goes on by its own rules.',
        youMay:
          'Bring back the member that was primary last, or what the reason names. Never force a promotion: it may lose acknowledged writes.',
        runbook: 'failover-refused',
      },
      {
        alert: 'FenceStuck',
        expr: 'max(neuronha_fence_phase{phase!="released"}) == 1',
        forSeconds: lasting(120),
        severity: 'page',
        summary: 'A fence has not been finished for two minutes',
        meaning:
          'A fence was begun and its record is still open. No second one begins until it is done, so the next failure waits for Patroni’s lease.',
        byItself:
          'The active controller goes on with it; when that one dies, the other takes it over.',
        youMay:
          'Read the controllers’ log for what it waits for; start the fenced member when a new primary stands.',
        runbook: 'fence-stuck',
      },
      {
        alert: 'ScheduledDrillFailed',
        expr: happened(
          'neuronha_events_total{kind=~"drill[.](finished|skipped)",severity="warning"}',
          over(900),
          'kind',
        ),
        forSeconds: 0,
        severity: 'ticket',
        summary: 'A drill of the controllers did not pass, or did not run',
        meaning:
          'What the cluster promises about a failure was not seen to hold this time: it was slower, clients saw errors, or nothing was rehearsed.',
        byItself: 'What the drill broke is mended. It is not repeated before its next time.',
        youMay:
          '`./neuronha drill schedule` says what came of it; `./neuronha drill run NAME` tries it again while you watch.',
        runbook: 'scheduled-drill-failed',
      },
      ...heldBack(spec),
    ],
  }
}
