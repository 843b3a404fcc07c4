/** Prometheus metrics of one process: every name carries the service's prefix, every series its replica. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** Seconds: from a cached read to a request that waited for a failover. */
const LATENCY_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** How finely the delay of the event loop is measured; the library's 10 ms wake an idle process a hundred times a second. */
const LOOP_BEAT_MS = 100

export interface Metrics {
  readonly contentType: string
  /** Names arrive without the prefix: `counter('writes_total', …)` is `neurondb_agent_writes_total`. */
  counter<L extends string>(name: string, help: string, labels?: readonly L[]): Counter<L>
  /** `collect` runs at each scrape and sets the current value. */
  gauge<L extends string>(
    name: string,
    help: string,
    labels?: readonly L[],
    collect?: (gauge: Gauge<L>) => void,
  ): Gauge<L>
  /** Seconds, with buckets from 1 ms to 30 s. */
  histogram<L extends string>(name: string, help: string, labels?: readonly L[]): Histogram<L>
  text(): Promise<string>
}

export interface MetricsOptions {
  /** For example `neurondb_agent_`. */
  readonly prefix: string
  readonly replica: string
  /** Process and Node series (default true); they cost a sample of the event loop at each scrape. */
  readonly processMetrics?: boolean
}

/** The metrics of one process. */
export const createMetrics = ({
  prefix,
  replica,
  processMetrics = true,
}: MetricsOptions): Metrics => {
  const registry = new Registry()
  registry.setDefaultLabels({ replica })
  if (processMetrics)
    collectDefaultMetrics({
      register: registry,
      prefix,
      eventLoopMonitoringPrecision: LOOP_BEAT_MS,
    })
  const common = <L extends string>(name: string, help: string, labels: readonly L[] = []) => ({
    name: `${prefix}${name}`,
    help,
    labelNames: [...labels],
    registers: [registry],
  })
  /** Several parts of one process may count under one name, each with labels of its own. */
  const known = (name: string): unknown => registry.getSingleMetric(`${prefix}${name}`)
  return {
    contentType: registry.contentType,
    counter: <L extends string>(name: string, help: string, labels?: readonly L[]) =>
      (known(name) as Counter<L> | undefined) ?? new Counter(common(name, help, labels)),
    gauge: (name, help, labels, collect) =>
      new Gauge({
        ...common(name, help, labels),
        ...(collect === undefined
          ? {}
          : {
              collect() {
                collect(this)
              },
            }),
      }),
    histogram: <L extends string>(name: string, help: string, labels?: readonly L[]) =>
      (known(name) as Histogram<L> | undefined) ??
      new Histogram({ ...common(name, help, labels), buckets: LATENCY_BUCKETS }),
    text: () => registry.metrics(),
  }
}
