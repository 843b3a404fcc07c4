/** What an alert is, and the words and times that all of them share. */
import type { ClusterSpec } from '../spec/cluster-spec.ts'

/** page: somebody gets up now. ticket: somebody looks in the morning. */
export const SEVERITIES = ['page', 'ticket'] as const
export type AlertSeverity = (typeof SEVERITIES)[number]

export const SHARED_LABELS = ['part', 'component'] as const
export type SharedLabel = (typeof SHARED_LABELS)[number]

export interface AlertRule {
  readonly alert: string
  /** PromQL. Labels `part` (a container's name) and `component` mean the same in every alert. */
  readonly expr: string
  /** How long it must last: longer than any failover, switchover or rolling restart makes it true. */
  readonly forSeconds: number
  readonly severity: AlertSeverity
  /** One line; may use `{{ $labels.part }}` and the like. */
  readonly summary: string
  /** What it means. */
  readonly meaning: string
  /** What the system does by itself. */
  readonly byItself: string
  /** What a person may do. */
  readonly youMay: string
  /** docs/runbooks/<runbook>.md */
  readonly runbook: string
  /** Alerts of which this one is a consequence: while one of them fires, this one is not sent. */
  readonly causes?: readonly string[]
  /** The same, where both are about the same part, or the same kind of part. */
  readonly causesOfSame?: Readonly<Partial<Record<SharedLabel, readonly string[]>>>
}

export interface AlertGroup {
  /** Name of the group, and of its file. */
  readonly name: string
  readonly rules: readonly AlertRule[]
}

/** Where an alert's page lies in the repository. */
export const runbookPath = ({ runbook }: Pick<AlertRule, 'runbook'>): string =>
  `docs/runbooks/${runbook}.md`

export interface AlertTimes {
  /** `forSeconds`, but never less than what three scrapes can tell. */
  readonly lasting: (seconds: number) => number
  /** A range for rate() and increase() that holds four scrapes at least, for example `300s`. */
  readonly over: (seconds: number) => string
}

export const alertTimesOf = (spec: ClusterSpec): AlertTimes => {
  const scrape = spec.metrics.scrapeSeconds
  return {
    lasting: (seconds) => Math.max(seconds, scrape * 3),
    over: (seconds) => `${Math.max(seconds, scrape * 4)}s`,
  }
}

/** The series with its label `from` (a container's name) as `part`, and no other label. */
export const byPart = (series: string, from: string): string =>
  `max by (part) (label_replace(${series}, "part", "$1", "${from}", "(.+)"))`

/** 0 when nobody exports the series, once Prometheus has run long enough to have seen it. */
export const orNone = (series: string): string =>
  `(${series} or (vector(0) and on () (time() - max(process_start_time_seconds{job="prometheus"}) > 120)))`

/**
 * True when a counter of controllers went up within the time. A counter with labels appears with its first event,
 * and increase() cannot see that one: a series that is new counts too, if its controller was watched before.
 */
export const happened = (counter: string, over: string, label: string): string =>
  `sum by (${label}) (increase(${counter}[${over}])) > 0 or ` +
  `sum by (${label}) ((${counter} unless ${counter} offset ${over}) and on (replica) (up{job="controller"} offset ${over} == 1)) > 0`
