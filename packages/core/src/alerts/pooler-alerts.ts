/** Do clients get a connection to the database? */
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import { maxConnectionsOf } from '../spec/postgres-settings.ts'
import { alertTimesOf, byPart, type AlertGroup } from './alert.ts'

/** Longer than a client waits during a failover. */
const LONG_WAIT_MS = 5000
const NEAR_LIMIT = 0.8

export const poolerAlerts = (spec: ClusterSpec): AlertGroup => {
  const { lasting } = alertTimesOf(spec)
  const { maxClientConnections } = spec.database.pooler
  const maxConnections = maxConnectionsOf(spec)
  const waiting = (series: string): string =>
    `max by (part, database) (label_replace(${series}, "part", "$1", "pooler", "(.+)"))`
  return {
    name: 'pooler',
    rules: [
      {
        alert: 'PoolerClientsStall',
        expr: `${waiting('neuronha_pooler_max_wait_milliseconds')} > ${LONG_WAIT_MS}`,
        forSeconds: lasting(30),
        severity: 'page',
        summary:
          'Clients of {{ $labels.part }} wait {{ $value }} ms for a connection to {{ $labels.database }}',
        meaning: 'Every server connection is taken, or none can be made. Users feel it.',
        byItself: `The pooler holds its clients; one that has waited too long gets an error and its service tries again.`,
        youMay:
          'Look for long transactions and locks on the primary; raise defaultPoolSize if it is plain load.',
        runbook: 'pooler-saturated',
        causes: ['NoWritablePrimary', 'CommitsBlocked', 'PoolerPaused'],
      },
      {
        alert: 'PoolerSaturated',
        expr: `${waiting('neuronha_pooler_clients_waiting')} > 0`,
        forSeconds: lasting(300),
        severity: 'ticket',
        summary: 'Clients of {{ $labels.part }} queue for {{ $labels.database }}',
        meaning: 'For five minutes there was always somebody without a server connection.',
        byItself: 'They are served in their order.',
        youMay: 'Raise defaultPoolSize, or find the transactions that hold connections.',
        runbook: 'pooler-saturated',
        causes: ['NoWritablePrimary', 'CommitsBlocked', 'PoolerPaused'],
        causesOfSame: { part: ['PoolerClientsStall'] },
      },
      {
        alert: 'PoolerPaused',
        expr: `${waiting('neuronha_pooler_paused')} == 1`,
        forSeconds: lasting(60),
        severity: 'page',
        summary: '{{ $labels.part }} has held the clients of {{ $labels.database }} for a minute',
        meaning:
          'A switchover pauses poolers for seconds. This one was not resumed, so its clients wait.',
        byItself: 'Each pooler resumes by itself ten seconds after a pause that nobody ends.',
        youMay: 'Restart the pooler; the other one goes on meanwhile.',
        runbook: 'pooler-paused',
      },
      {
        alert: 'PoolerClientsNearLimit',
        expr: `sum by (part) (label_replace(neuronha_pooler_clients, "part", "$1", "pooler", "(.+)")) > ${Math.floor(maxClientConnections * NEAR_LIMIT)}`,
        forSeconds: lasting(300),
        severity: 'ticket',
        summary: `{{ $labels.part }} has {{ $value }} of ${maxClientConnections} clients`,
        meaning: 'Beyond the limit new clients are refused.',
        byItself: 'Nothing.',
        youMay: 'Add a pooler, raise maxClientConnections, or find the client that leaks.',
        runbook: 'pooler-saturated',
      },
      {
        alert: 'MemberConnectionsNearLimit',
        expr: `${byPart('neuronha_member_connections', 'member')} > ${Math.floor(maxConnections * NEAR_LIMIT)}`,
        forSeconds: lasting(300),
        severity: 'ticket',
        summary: `{{ $labels.part }} has {{ $value }} of ${maxConnections} connections`,
        meaning: 'Beyond the limit poolers cannot log in. Some connections are kept for operators.',
        byItself: 'Nothing: pools are sized to fit, so something else connects.',
        youMay: 'See who connects (`./neuronha psql -- -c "select * from pg_stat_activity"`).',
        runbook: 'pooler-saturated',
      },
    ],
  }
}
