/**
 * The edge of kind haproxy: the same routes and rules as kind nginx, with active health checks on top.
 *
 * - A connection that fails, TLS handshake included, is tried at another replica for any method. Connections to
 *   replicas are not kept (option http-server-close), so this covers frozen replicas too.
 * - After a request was sent, it is sent again (empty response, time-out, 503) if its method is idempotent or it
 *   carries an Idempotency-Key, and if it fits into one buffer (64 KiB). Without a key it is never sent twice:
 *   the 503 of a draining replica then reaches the client, with Retry-After.
 * - `on-error fastinter`: one bad answer brings the next checks forward, and they alone decide. When the
 *   database is away all replicas answer 503 and stay in service as long as /health answers.
 * - No replica of a service healthy: all are used unchecked (`<component>-unchecked`). A check that is wrong
 *   everywhere must not close the door, and a service's own answer says more than ours.
 *
 * No `on-marked-down shutdown-sessions`: it cuts requests that are still connecting and would go elsewhere (tried).
 * `option idle-close-on-response`: a reload does not close a client's idle connection just as it sends.
 *
 * The size of a body is checked against its Content-Length; a chunked body is bounded by the services.
 */
import { HEADERS, NOT_BEGUN } from '../contracts/http-names.ts'
import { PROBLEM_CONTENT_TYPE } from '../contracts/problem.ts'
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import { bytesOf } from '../spec/quantities.ts'
import { addressesOf, containersOf, type Container } from '../topology/containers.ts'
import { PORTS } from '../topology/ports.ts'
import {
  AFFINITY_COOKIE,
  BACKEND_PORTS,
  BLOCKED_PATHS,
  BLOCKED_PREFIXES,
  EDGE_BACKENDS,
  EDGE_TIMING,
  edgeThreads,
  FORGEABLE_HEADERS,
  HSTS,
  hstsNames,
  INTERNAL_ROUTES,
  problemText,
  PUBLIC_ROUTES,
  publishedHttpsPort,
  RETRY_LATER,
  SECURITY_HEADERS,
  statusReaders,
  STICKY_BACKENDS,
  type EdgeBackend,
  type EdgeRoute,
} from './edge-routes.ts'
import {
  CONFIG_DIR,
  header,
  plainFile,
  reloadable,
  TLS_PATHS,
  type RenderedFile,
  type Renderer,
} from './files.ts'
import { indent } from './nginx-text.ts'

type Lines = readonly string[]

/** Largest request, headers included, that can be sent again after it was sent. */
const BUFFER_BYTES = 65_536

/** Active checks: a dead replica is out after at most two of them. */
const CHECK = { interMs: 1000, fastinterMs: 250, downinterMs: 500, fall: 2, rise: 1 } as const

const MUTUAL_TLS = `ssl crt ${TLS_PATHS.pair} ca-file ${TLS_PATHS.ca} verify required`
const PUBLIC_PAIR = `${CONFIG_DIR}/tls/public.pem`

/** A word of HAProxy's configuration inside double quotes; `%` starts a format, so it is doubled. */
const quoted = (text: string): string =>
  `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('$', '\\$').replaceAll('%', '%%')}"`

const section = (name: string, lines: Lines): Lines => [name, ...indent(lines), '']

export const renderHaproxyEdge: Renderer = (spec) =>
  new Map<string, RenderedFile>(
    containersOf(spec, 'edge').map((container) => [
      `${container.name}/haproxy.cfg`,
      reloadable(plainFile(haproxyEdgeText(spec, container))),
    ]),
  )

const haproxyEdgeText = (spec: ClusterSpec, container: Container): string => {
  const httpsPort = publishedHttpsPort(spec, container.ordinal)
  const lines: Lines = [
    ...global(spec),
    ...defaults,
    ...section('frontend redirect', [
      `bind :${PORTS.edgeHttp}`,
      'http-request set-log-level silent',
      `http-request redirect code 308 location https://%[req.hdr(host),regsub(:[0-9]+$,)]${httpsPort === 443 ? '' : `:${httpsPort}`}%[pathq]`,
    ]),
    ...publicFrontend(spec, httpsPort),
    ...internalFrontend,
    ...statusFrontend(spec),
    ...EDGE_BACKENDS.flatMap((component) => backends(spec, component)),
  ]
  return header('HAProxy (edge)') + lines.join('\n')
}

const global = (spec: ClusterSpec): Lines =>
  section('global', [
    'log stdout format raw daemon info',
    `nbthread ${edgeThreads(spec)}`,
    'maxconn 2000',
    `hard-stop-after ${EDGE_TIMING.drainSeconds}s`,
    `tune.bufsize ${BUFFER_BYTES}`,
    'tune.ssl.default-dh-param 2048',
    'ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets',
    'ssl-default-bind-ciphers ECDHE+AESGCM:ECDHE+CHACHA20',
    'ssl-default-server-options ssl-min-ver TLSv1.2',
  ])

/** One JSON object per request; the path is logged without its query. */
const log = [
  '{"time":"%[accept_date(ms),ms_utime(%Y-%m-%dT%H:%M:%S)]Z","level":"info","msg":"request",',
  '"requestId":"%[var(txn.request_id),json(utf8s)]","traceparent":"%[var(txn.traceparent),json(utf8s)]",',
  '"client":"%ci","port":%fp,"host":"%[var(txn.host),json(utf8s)]","method":"%[var(txn.method),json(utf8s)]",',
  '"path":"%[var(txn.path),json(utf8s)]","status":%ST,"bytes":%B,"milliseconds":%Ta,"upstream":"%b/%s",',
  '"upstreamMilliseconds":%Tr,"retries":"%rc","end":"%ts"}',
].join('')

const defaults: Lines = section('defaults', [
  'mode http',
  'log global',
  `log-format '${log}'`,
  'option dontlognull',
  'option http-server-close',
  'option idle-close-on-response',
  'option redispatch 1',
  `retries ${EDGE_TIMING.tries}`,
  `timeout connect ${EDGE_TIMING.connectMs}ms`,
  `timeout check ${EDGE_TIMING.connectMs}ms`,
  'timeout queue 5s',
  `timeout client ${EDGE_TIMING.readSeconds}s`,
  `timeout client-fin ${EDGE_TIMING.clientSeconds}s`,
  `timeout http-keep-alive ${EDGE_TIMING.keepaliveSeconds}s`,
  `timeout http-request ${EDGE_TIMING.clientSeconds}s`,
  `timeout server ${EDGE_TIMING.readSeconds}s`,
  `timeout tunnel ${EDGE_TIMING.tunnelSeconds}s`,
  ...[400, 500, 502, 503, 504].map((status) => `http-error ${problemReply(status)}`),
])

/** What the edge itself answers: the arguments of `http-error` and `http-request return`. */
function problemReply(status: number): string {
  const text = quoted(problemText(status, '<request id>')).replace(
    '<request id>',
    '%[var(txn.request_id)]',
  )
  const retryAfter = RETRY_LATER.includes(status) ? ' hdr Retry-After 1' : ''
  return `status ${status} content-type ${PROBLEM_CONTENT_TYPE} lf-string ${text}${retryAfter}`
}

/** What both HTTP frontends find out first; the path without its query is what the log gets. */
const requestVariables: Lines = [
  'http-request set-var(txn.host) req.hdr(host)',
  'http-request set-var(txn.method) method',
  'http-request set-var(txn.path) path',
  'http-request set-var(txn.traceparent) req.hdr(traceparent)',
  'http-request set-log-level silent if { path -m reg ^(/[a-z-]+)?/(livez|readyz|health|metrics)$ }',
]

/** HAProxy does not resolve dot segments, and a service might: such paths could get around the routes. */
const refuseDotSegments = `http-request return ${problemReply(400)} if { path -m reg -i (^|/)(\\.|%2e){1,2}(/|$) }`

const publicFrontend = (spec: ClusterSpec, httpsPort: number): Lines => {
  const { requestBytes } = spec.edge.limits
  const { periodSeconds, requests } = rateWindow(spec)
  const hsts = hstsNames(spec)
  return section('frontend public', [
    `bind :${PORTS.edgeHttps} ssl crt ${PUBLIC_PAIR} alpn h2,http/1.1`,
    'option http-buffer-request',
    'http-request set-var(txn.request_id) uuid()',
    ...requestVariables,
    `stick-table type ipv6 size 100k expire ${periodSeconds * 2}s store http_req_rate(${periodSeconds}s)`,
    'http-request track-sc0 src',
    `http-request return ${problemReply(429)} if { sc_http_req_rate(0) gt ${requests} }`,
    `http-request return ${problemReply(413)} if { req.body_size gt ${bytesOf(requestBytes)} }`,
    refuseDotSegments,
    ...FORGEABLE_HEADERS.map((name) => `http-request del-header ${name}`),
    'http-request set-header X-Forwarded-For %[src]',
    'http-request set-header X-Forwarded-Host %[req.hdr(host),regsub(:[0-9]+$,)]',
    `http-request set-header X-Forwarded-Port ${httpsPort}`,
    'http-request set-header X-Forwarded-Proto https',
    'http-request set-header X-Real-IP %[src]',
    `http-request set-header ${HEADERS.requestId} %[var(txn.request_id)]`,
    `http-request return ${problemReply(404)} if { path ${BLOCKED_PATHS.join(' ')} }`,
    ...Object.entries(SECURITY_HEADERS).map(
      ([name, value]) => `http-after-response set-header ${name} ${quoted(value)}`,
    ),
    'http-after-response del-header Strict-Transport-Security',
    ...(hsts.length === 0
      ? []
      : [
          `http-after-response set-header Strict-Transport-Security ${HSTS} if { var(txn.host),regsub(:[0-9]+$,) -i ${hsts.join(' ')} }`,
        ]),
    `http-after-response set-header ${HEADERS.requestId} %[var(txn.request_id)]`,
    `http-after-response del-header ${NOT_BEGUN.header}`,
    ...routing(PUBLIC_ROUTES, BLOCKED_PREFIXES),
  ])
}

/**
 * The limit in HAProxy's terms: requests within a sliding window as long as the burst lasts, plus one second.
 * A client may use the whole of it at once, and no more than its rate in the long run.
 */
const rateWindow = (spec: ClusterSpec): { periodSeconds: number; requests: number } => {
  const { requestsPerSecond, burst } = spec.edge.limits
  const periodSeconds = Math.ceil(burst / requestsPerSecond) + 1
  return { periodSeconds, requests: requestsPerSecond * periodSeconds }
}

const internalFrontend: Lines = section('frontend internal', [
  `bind :${PORTS.edgeInternal} ${MUTUAL_TLS} alpn h2,http/1.1`,
  'option http-buffer-request',
  `http-request set-var(txn.request_id) req.hdr(${HEADERS.requestId}) if { req.hdr(${HEADERS.requestId}) -m reg ^[A-Za-z0-9._-]{8,64}$ }`,
  'http-request set-var(txn.request_id) uuid() unless { var(txn.request_id) -m found }',
  ...requestVariables,
  refuseDotSegments,
  ...FORGEABLE_HEADERS.map((name) => `http-request del-header ${name}`),
  'option forwardfor',
  'http-request set-header X-Forwarded-Host %[req.hdr(host),regsub(:[0-9]+$,)]',
  `http-request set-header X-Forwarded-Port ${PORTS.edgeInternal}`,
  'http-request set-header X-Forwarded-Proto https',
  'http-request set-header X-Real-IP %[src] unless { req.hdr(X-Real-IP) -m found }',
  `http-request set-header ${HEADERS.requestId} %[var(txn.request_id)]`,
  `http-after-response del-header ${NOT_BEGUN.header}`,
  ...routing(INTERNAL_ROUTES, []),
])

/** The first route that matches chooses; then the prefix that its component does not know is cut off. */
function routing(routes: readonly EdgeRoute[], blocked: Lines): Lines {
  const chosen = '{ var(txn.backend) -m found }'
  const isFor = (component: EdgeBackend): string => `{ var(txn.backend) -m str ${component} }`
  const choose = ({ match, path, component }: EdgeRoute): string =>
    `http-request set-var(txn.backend) str(${component}) if !${chosen} { ${match === 'exact' ? 'path' : 'path_beg'} ${path} }`
  const catchAll = routes.filter(({ path }) => path === '/')
  const named = routes.filter(({ path }) => path !== '/')
  const isBlocked = catchAll.length === 0 ? '' : ` { path_beg ${blocked.join(' ')} }`
  const strips = new Map(
    named.flatMap(({ strip, component }) => (strip === '' ? [] : [[component, strip] as const])),
  )
  return [
    ...named.map(choose),
    `http-request return ${problemReply(404)} if !${chosen}${isBlocked}`,
    ...catchAll.map(choose),
    ...[...strips].map(
      ([component, strip]) =>
        `http-request replace-path ^${strip}(/.*)$ \\1 if ${isFor(component)}`,
    ),
    ...[...new Set(routes.map(({ component }) => component))].flatMap((component) => [
      `use_backend ${component}-unchecked if ${isFor(component)} { nbsrv(${component}) eq 0 }`,
      `use_backend ${component} if ${isFor(component)}`,
    ]),
  ]
}

const statusFrontend = (spec: ClusterSpec): Lines =>
  section('frontend status', [
    `bind :${PORTS.edgeStats} ${MUTUAL_TLS}`,
    'http-request set-log-level silent',
    'http-request return status 200 content-type text/plain string ok if { path /livez }',
    `http-request deny unless { ssl_c_s_dn(ou) -m str ${statusReaders(spec).join(' ')} }`,
    'http-request use-service prometheus-exporter if { path /metrics }',
    'http-request return status 404 unless { path_beg /stats }',
    'stats enable',
    'stats uri /stats',
  ])

const backends = (spec: ClusterSpec, component: EdgeBackend): Lines => {
  const sticky = spec.edge.affinity === 'cookie' && STICKY_BACKENDS.has(component)
  const server = (address: string, index: number): string =>
    `server ${component}-${index + 1} ${address}:${BACKEND_PORTS[component]}${sticky ? ` cookie ${index + 1}` : ''}`
  const tls = `ssl verify required verifyhost ${component} sni str(${component}) crt ${TLS_PATHS.pair} ca-file ${TLS_PATHS.ca}`
  const check =
    `check check-sni ${component} inter ${CHECK.interMs}ms fastinter ${CHECK.fastinterMs}ms downinter ${CHECK.downinterMs}ms ` +
    `fall ${CHECK.fall} rise ${CHECK.rise} observe layer7 error-limit 1 on-error fastinter`
  const common: Lines = [
    'balance leastconn',
    'retry-on conn-failure empty-response response-timeout 503',
    `http-request disable-l7-retry if { method POST PATCH } !{ req.hdr(${HEADERS.idempotencyKey}) -m found }`,
  ]
  const servers = addressesOf(spec, component).map(server)
  return [
    ...section(`backend ${component}`, [
      ...common,
      ...(sticky
        ? [
            `cookie ${AFFINITY_COOKIE}_${component} insert indirect nocache httponly secure attr SameSite=Lax`,
          ]
        : []),
      'option httpchk',
      'http-check send meth GET uri /health ver HTTP/1.1 hdr Host edge',
      'http-check expect status 200',
      `default-server ${tls} ${check}`,
      ...servers,
    ]),
    ...section(`backend ${component}-unchecked`, [
      ...common,
      `default-server ${tls}`,
      ...servers.map((line) => line.replace(/ cookie \d+$/, '')),
    ]),
  ]
}
