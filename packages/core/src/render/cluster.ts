/** Every file of a cluster, from the cluster file and its secrets: what `up` writes and `render` exports. */
import type { ClusterSecrets } from '../secrets.ts'
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import { renderDrill } from './drill.ts'
import { renderEngineProxy } from './engine-proxy.ts'
import { renderAlertmanager } from './alertmanager.ts'
import { renderEtcd } from './etcd.ts'
import type { RenderedFile, RenderedFiles } from './files.ts'
import { renderHaproxyEdge } from './haproxy-edge.ts'
import { renderHaproxyRouter } from './haproxy-router.ts'
import { renderNginxConsole } from './nginx-console.ts'
import { renderNginxEdge } from './nginx-edge.ts'
import { renderPatroni } from './patroni.ts'
import { renderPgbackrest } from './pgbackrest.ts'
import { renderPgbouncer } from './pgbouncer.ts'
import { renderPrometheus } from './prometheus.ts'
import { renderPrometheusRules } from './prometheus-rules.ts'
import { renderServices, type ExternalSecrets } from './services.ts'
import { renderRestoreTest } from './restore-test.ts'
import { renderStore } from './store.ts'
import { renderTls } from './tls.ts'

/** All containers' folders; compose.yaml is rendered apart, since it needs their hashes. */
export function renderContainerFiles(
  spec: ClusterSpec,
  secrets: ClusterSecrets,
  external: ExternalSecrets = {},
): RenderedFiles {
  const parts = [
    renderTls(spec, secrets),
    renderEtcd(spec, secrets),
    renderPatroni(spec, secrets),
    renderPgbackrest(spec, secrets, external.repositories),
    renderStore(spec, secrets),
    renderRestoreTest(spec, secrets),
    renderHaproxyRouter(spec, secrets),
    renderPgbouncer(spec, secrets),
    spec.edge.kind === 'nginx' ? renderNginxEdge(spec, secrets) : renderHaproxyEdge(spec, secrets),
    renderNginxConsole(spec, secrets),
    renderEngineProxy(spec, secrets),
    renderPrometheus(spec, secrets),
    renderPrometheusRules(spec, secrets),
    renderAlertmanager(spec, external.notifications),
    renderServices(spec, secrets, external),
    renderDrill(spec, secrets),
  ]
  const files = new Map<string, RenderedFile>()
  for (const part of parts) for (const [path, file] of part) files.set(path, file)
  return new Map([...files].sort(([left], [right]) => (left < right ? -1 : 1)))
}
