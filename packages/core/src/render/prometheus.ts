/** Prometheus: scrapes everything over mutual TLS, and answers only to holders of the cluster's certificates. */
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import { durationMsOf } from '../spec/quantities.ts'
import {
  addressesOf,
  containersOf,
  hasNotifications,
  type Component,
} from '../topology/containers.ts'
import { PORTS } from '../topology/ports.ts'
import {
  CONFIG_DIR,
  header,
  plainFile,
  reloadable,
  TLS_PATHS,
  type RenderedFile,
  type Renderer,
} from './files.ts'
import { RULES_FOLDER } from './prometheus-rules.ts'
import { toYaml } from './yaml.ts'

interface Scrape {
  readonly component: Component
  readonly port: number
  readonly job?: string
}

/** Everything that exports metrics itself; controllers export what cannot (poolers, and the state they observe). */
const SCRAPES: readonly Scrape[] = [
  { component: 'agent', port: PORTS.agent },
  { component: 'alertmanager', port: PORTS.alertmanager },
  { component: 'console', port: PORTS.console },
  { component: 'controller', port: PORTS.controller },
  { component: 'desktop-api', port: PORTS.desktopApi },
  { component: 'edge', port: PORTS.edgeStats },
  { component: 'engine-proxy', port: PORTS.engineProxyStats },
  { component: 'etcd', port: PORTS.etcdClient },
  { component: 'mcp', port: PORTS.mcp },
  { component: 'member', port: PORTS.patroni, job: 'patroni' },
  { component: 'prometheus', port: PORTS.prometheus },
  { component: 'router', port: PORTS.routerStats },
]

/** How Prometheus shows itself to `component`, and whom it expects there. */
const clientTls = (component: Component) => ({
  ca_file: TLS_PATHS.ca,
  cert_file: TLS_PATHS.certificate,
  key_file: TLS_PATHS.key,
  server_name: component,
})

const RETENTION_BYTES = '512MB'

/** Arguments after those of the image's entrypoint: how much is kept. */
export const prometheusFlags = (spec: ClusterSpec): readonly string[] => [
  `--storage.tsdb.retention.time=${Math.max(1, Math.round(durationMsOf(spec.metrics.retention) / 1000))}s`,
  `--storage.tsdb.retention.size=${RETENTION_BYTES}`,
]

/** `replica` names the container and `cluster` the cluster, whatever address it was scraped at. */
const scrapeConfig = (spec: ClusterSpec, { component, port, job }: Scrape) => ({
  job_name: job ?? component,
  scheme: 'https',
  // What controllers say of other parts keeps its own `component`.
  honor_labels: component === 'controller',
  tls_config: clientTls(component),
  static_configs: containersOf(spec, component).map((container) => ({
    targets: [`${container.address}:${port}`],
    labels: { cluster: spec.name, component, host: container.host, replica: container.name },
  })),
})

/** Who is told of alerts. */
const alerting = (spec: ClusterSpec) => ({
  alertmanagers: [
    {
      scheme: 'https',
      tls_config: clientTls('alertmanager'),
      static_configs: [
        { targets: addressesOf(spec, 'alertmanager').map((at) => `${at}:${PORTS.alertmanager}`) },
      ],
    },
  ],
})

/** TLS of its own port: nobody without a certificate of the cluster. Alertmanager reads the same. */
export const webConfig = {
  tls_server_config: {
    cert_file: TLS_PATHS.certificate,
    key_file: TLS_PATHS.key,
    client_auth_type: 'RequireAndVerifyClientCert',
    client_ca_file: TLS_PATHS.ca,
    min_version: 'TLS12',
  },
} as const

export const renderPrometheus: Renderer = (spec) => {
  const interval = spec.metrics.scrapeSeconds
  const config = {
    global: {
      scrape_interval: `${interval}s`,
      scrape_timeout: `${Math.min(interval, 5)}s`,
      evaluation_interval: `${interval}s`,
      external_labels: { cluster: spec.name },
    },
    rule_files: [`${CONFIG_DIR}/${RULES_FOLDER}/*.yml`],
    ...(hasNotifications(spec) ? { alerting: alerting(spec) } : {}),
    scrape_configs: SCRAPES.filter(({ component }) => containersOf(spec, component).length > 0).map(
      (scrape) => scrapeConfig(spec, scrape),
    ),
  }
  const yaml = (document: unknown): RenderedFile =>
    reloadable(plainFile(header('Prometheus') + toYaml(document)))
  return new Map<string, RenderedFile>(
    containersOf(spec, 'prometheus').flatMap(({ name }) => [
      [`${name}/prometheus.yml`, yaml(config)] as const,
      [`${name}/web.yml`, yaml(webConfig)] as const,
    ]),
  )
}
