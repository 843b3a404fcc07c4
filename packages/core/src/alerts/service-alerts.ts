/** Do users get answers? */
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import { alertTimesOf, byPart, type AlertGroup, type AlertRule } from './alert.ts'

/** What every request needs; controllers and Prometheus are the platform’s own. */
const ON_THE_WAY = 'agent|console|desktop-api|edge|mcp|pooler|router'
const REQUESTS = '__name__=~"neuron(db|desktop)_.+_http_requests_total"'
const OF_USERS = 'route!~"/livez|/readyz|/health|/metrics"'
const MOST_ERRORS = 0.05
/** A single failed request in a quiet night is no rate. */
const LEAST_ERRORS_A_SECOND = 0.1
const MOST_STARTS = 3

const tooManyErrors = (errors: string, all: string): string =>
  `${errors} / ${all} > ${MOST_ERRORS} and ${errors} > ${LEAST_ERRORS_A_SECOND}`

/** nginx counts no answers by their status: what it fails itself shows as services that are down. */
const edgeErrors = (spec: ClusterSpec): AlertRule => {
  const { lasting, over } = alertTimesOf(spec)
  const answers = (more: string): string =>
    `sum by (component) (rate(haproxy_frontend_http_responses_total{component="edge"${more}}[${over(300)}]))`
  return {
    alert: 'EdgeErrors',
    expr: tooManyErrors(answers(',code="5xx"'), answers('')),
    forSeconds: lasting(300),
    severity: 'page',
    summary: '{{ $value | humanizePercentage }} of all requests fail at the edge',
    meaning: 'Clients get errors, those that a retry mended not counted.',
    byItself: 'The edge retries on other replicas what may be retried.',
    youMay: 'See which services are not healthy, and what their logs say.',
    runbook: 'service-errors',
    causes: ['NoWritablePrimary', 'CommitsBlocked', 'ServiceDown'],
  }
}

export const serviceAlerts = (spec: ClusterSpec): AlertGroup => {
  const { lasting, over } = alertTimesOf(spec)
  const requests = (more: string): string =>
    `sum by (component) (rate({${REQUESTS},${OF_USERS}${more}}[${over(300)}]))`
  return {
    name: 'services',
    rules: [
      {
        alert: 'ServiceDown',
        expr: `max by (component) (neuronha_part_healthy{component=~"${ON_THE_WAY}"}) == 0`,
        forSeconds: lasting(30),
        severity: 'page',
        summary: 'No {{ $labels.component }} serves',
        meaning: 'All replicas are away or not ready.',
        byItself: 'The engine starts what died; the controllers start what was stopped.',
        youMay: 'Read the log of a replica (`./neuronha logs COMPONENT`).',
        runbook: 'service-down',
        causes: ['NoWritablePrimary'],
      },
      {
        alert: 'ServiceReplicaDown',
        expr: 'max by (component, part) (neuronha_part_healthy{component!~"etcd|prometheus"}) == 0',
        forSeconds: lasting(120),
        severity: 'ticket',
        summary: '{{ $labels.part }} does not serve',
        meaning: 'The other replicas carry on, with less in reserve.',
        byItself: 'The engine starts what died; the controllers start what was stopped.',
        youMay: 'Read its log when it does not come back.',
        runbook: 'service-down',
        causes: ['NoWritablePrimary'],
        causesOfSame: { component: ['ServiceDown'] },
      },
      {
        alert: 'ServiceErrors',
        expr: tooManyErrors(requests(',status=~"5.."'), requests('')),
        forSeconds: lasting(300),
        severity: 'page',
        summary:
          '{{ $value | humanizePercentage }} of the requests to {{ $labels.component }} fail',
        meaning: 'More than 5 % of its answers were 5xx for five minutes.',
        byItself:
          'The edge retries on other replicas what may be retried; services retry broken transactions.',
        youMay: 'Read the service’s log: every error has a code and a request id.',
        runbook: 'service-errors',
        causes: ['NoWritablePrimary', 'CommitsBlocked', 'PoolerClientsStall'],
        causesOfSame: { component: ['ServiceDown'] },
      },
      ...(spec.edge.kind === 'haproxy' ? [edgeErrors(spec)] : []),
      {
        alert: 'ProcessRestarts',
        expr: `${byPart(`changes({__name__=~"neuron.+_process_start_time_seconds"}[${over(900)}])`, 'replica')} > ${MOST_STARTS}`,
        forSeconds: 0,
        severity: 'ticket',
        summary: '{{ $labels.part }} has started {{ $value }} times within 15 minutes',
        meaning: 'It dies again and again: out of memory, or something that it needs is missing.',
        byItself: 'The engine starts it again, more slowly each time.',
        youMay: 'Read its log; raise its memory if it was killed for that.',
        runbook: 'service-down',
      },
    ],
  }
}
