/**
 * The edge of kind nginx. What is retried, and why it is safe:
 *
 * - A replica that cannot be reached, or does not finish its TLS handshake, has not seen the request: any
 *   method goes to another one. Connections to replicas are not kept, so this covers frozen replicas too.
 * - A request that was sent and then lost is sent again if its method is idempotent, or if it is a POST or
 *   PATCH with an Idempotency-Key (`@keyed`; nginx knows this choice per location only, hence the 418).
 *   Without a key it is never sent twice.
 * - No replica in service at all: every one is asked in turn all the same (`@elsewhere`). A shared cause must
 *   not close the door for longer than it lasts.
 * - A 503 is passed on as it is: it may come from a request that was begun, and when the database is away all
 *   replicas say it (nginx would take them all out of service). The exception says so itself: a draining
 *   replica marks its 503 as not begun (NOT_BEGUN), and `@elsewhere` then tries others, for any method.
 *
 * Query strings are never in the access log. nginx's own error lines do quote the request line: secrets do not
 * belong into URLs, and nothing of ours puts them there.
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
  EDGE_PROBLEMS,
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
import {
  block,
  NGINX_METRICS,
  NGINX_MUTUAL_TLS,
  NGINX_TEMP_PATHS,
  NGINX_TLS_VERSIONS,
  nginxMain,
  nginxString,
} from './nginx-text.ts'

type Lines = readonly string[]

export const renderNginxEdge: Renderer = (spec) =>
  new Map<string, RenderedFile>(
    containersOf(spec, 'edge').map((container) => [
      `${container.name}/nginx.conf`,
      reloadable(plainFile(nginxEdgeText(spec, container))),
    ]),
  )

const nginxEdgeText = (spec: ClusterSpec, container: Container): string => {
  const httpsPort = publishedHttpsPort(spec, container.ordinal)
  const http: Lines = [
    ...NGINX_TEMP_PATHS,
    ...NGINX_TLS_VERSIONS,
    ...clientSettings(spec),
    '',
    ...maps(spec),
    '',
    ...logging,
    '',
    ...EDGE_BACKENDS.flatMap((component) => upstreams(spec, component)),
    ...proxySettings,
    '',
    ...redirectServer(httpsPort),
    '',
    ...publicServer(spec, httpsPort),
    '',
    ...internalServer(),
    '',
    ...statusServer(),
  ]
  const main = nginxMain(edgeThreads(spec), 4096, EDGE_TIMING.drainSeconds)
  return [header('nginx (edge)') + main.join('\n'), '', ...block('http', http), ''].join('\n')
}

const clientSettings = (spec: ClusterSpec): Lines => [
  'server_tokens off;',
  'gzip off;',
  'default_type application/octet-stream;',
  `client_max_body_size ${bytesOf(spec.edge.limits.requestBytes)};`,
  'client_body_buffer_size 128k;',
  `client_header_timeout ${EDGE_TIMING.clientSeconds}s;`,
  `client_body_timeout ${EDGE_TIMING.clientSeconds}s;`,
  `send_timeout ${EDGE_TIMING.clientSeconds}s;`,
  `keepalive_timeout ${EDGE_TIMING.keepaliveSeconds}s;`,
  'large_client_header_buffers 4 16k;',
  'reset_timedout_connection on;',
  'recursive_error_pages on;',
  'log_subrequest off;',
  `limit_req_zone $binary_remote_addr zone=clients:10m rate=${spec.edge.limits.requestsPerSecond}r/s;`,
  'limit_req_status 429;',
  'limit_req_log_level warn;',
]

const map = (source: string, target: string, rows: Lines): Lines => [
  ...block(`map ${source} ${target}`, rows),
]

const maps = (spec: ClusterSpec): Lines => [
  '# POST and PATCH are sent again only when they carry an Idempotency-Key.',
  ...map(`"$request_method $http_${HEADERS.idempotencyKey.replaceAll('-', '_')}"`, '$is_keyed', [
    '"~^(POST|PATCH) ." 1;',
    'default 0;',
  ]),
  '# Only a WebSocket may upgrade.',
  ...map('$http_upgrade', '$upgrade', ['~*^websocket$ websocket;', 'default "";']),
  ...map('$upgrade', '$connection_header', ['websocket upgrade;', 'default close;']),
  ...map('$request_uri', '$path_only', ['"~^(?<path_part>[^?]*)" $path_part;']),
  ...map('$path_only', '$is_logged', [
    '"~^(/[a-z-]+)?/(livez|readyz|health|metrics)$" 0;',
    'default 1;',
  ]),
  '# Callers inside the cluster hand on what the front door found out.',
  ...map('$http_x_real_ip', '$inner_real_ip', ['"" $remote_addr;', 'default $http_x_real_ip;']),
  ...map('"$server_port:$http_x_request_id"', '$request_name', [
    `"~^${PORTS.edgeInternal}:(?<given_id>[A-Za-z0-9._-]{8,64})$" $given_id;`,
    'default $request_id;',
  ]),
  ...map('$ssl_client_s_dn', '$is_status_reader', [
    ...statusReaders(spec).map((unit) => `OU=${unit} 1;`),
    'default 0;',
  ]),
  ...map('$host', '$hsts', [...hstsNames(spec).map((name) => `${name} ${HSTS};`), 'default "";']),
  ...(spec.edge.affinity === 'cookie' ? affinityMaps : []),
]

/** A client without a cookie goes by least connections and gets one; with it, it goes by the cookie's hash. */
const affinityMaps: Lines = [
  ...map(`$cookie_${AFFINITY_COOKIE}`, '$pool_suffix', [
    '"~^[0-9a-f]{32}$" -sticky;',
    'default "";',
  ]),
  ...map('$pool_suffix', '$affinity_cookie', [
    `"" "${AFFINITY_COOKIE}=$request_id; Path=/; Secure; HttpOnly; SameSite=Lax";`,
    'default "";',
  ]),
]

const logging: Lines = [
  'log_format json escape=json',
  ...[
    '{"time":"$time_iso8601","level":"info","msg":"request","requestId":"$request_name",',
    '"traceparent":"$http_traceparent","client":"$remote_addr","port":$server_port,"host":"$host",',
    '"method":"$request_method","path":"$path_only","status":$status,"bytes":$bytes_sent,',
    '"seconds":$request_time,"upstream":"$upstream_addr","upstreamStatus":"$upstream_status",',
    '"upstreamSeconds":"$upstream_response_time"}',
  ].map((part, index, all) => `  '${part}'${index === all.length - 1 ? ';' : ''}`),
  // A line for each request would wake the container engine for each.
  'access_log /dev/stdout json buffer=32k flush=1s if=$is_logged;',
]

/** Set where the edge itself answers; a service's own Retry-After passes as it is. */
const ownRetryAfter: Lines = ['set $retry_after "";', 'add_header Retry-After $retry_after always;']

const isSticky = (spec: ClusterSpec, component: EdgeBackend): boolean =>
  spec.edge.affinity === 'cookie' && STICKY_BACKENDS.has(component)

/**
 * The replicas of a component, up to three times: by least connections, by the affinity cookie, and in turn
 * (for `@elsewhere`: a draining replica has the fewest connections, so least connections would go back to it).
 */
const upstreams = (spec: ClusterSpec, component: EdgeBackend): Lines => {
  const group = (name: string, method: Lines, checks: string): Lines => [
    ...block(`upstream ${name}`, [
      `zone ${name} 256k;`,
      ...method,
      ...addressesOf(spec, component).map(
        (address) => `server ${address}:${BACKEND_PORTS[component]} ${checks};`,
      ),
    ]),
    '',
  ]
  const passive = `max_fails=${EDGE_TIMING.fails} fail_timeout=${EDGE_TIMING.failSeconds}s`
  return [
    ...group(component, ['least_conn;'], passive),
    ...(isSticky(spec, component)
      ? group(`${component}-sticky`, [`hash $cookie_${AFFINITY_COOKIE} consistent;`], passive)
      : []),
    ...group(`${component}-elsewhere`, [], 'max_fails=0'),
  ]
}

const proxySettings: Lines = [
  'proxy_http_version 1.1;',
  `proxy_connect_timeout ${EDGE_TIMING.connectMs}ms;`,
  `proxy_send_timeout ${EDGE_TIMING.clientSeconds}s;`,
  `proxy_read_timeout ${EDGE_TIMING.readSeconds}s;`,
  'proxy_buffering off;',
  'proxy_buffer_size 16k;',
  'proxy_buffers 8 16k;',
  'proxy_max_temp_file_size 0;',
  'proxy_next_upstream error timeout;',
  `proxy_next_upstream_tries ${EDGE_TIMING.tries};`,
  `proxy_next_upstream_timeout ${EDGE_TIMING.triesSeconds}s;`,
  'proxy_redirect off;',
  'proxy_ssl_protocols TLSv1.2 TLSv1.3;',
  `proxy_ssl_certificate ${TLS_PATHS.certificate};`,
  `proxy_ssl_certificate_key ${TLS_PATHS.key};`,
  `proxy_ssl_trusted_certificate ${TLS_PATHS.ca};`,
  'proxy_ssl_verify on;',
  'proxy_ssl_name $component;',
  'proxy_ssl_server_name on;',
  'proxy_ssl_session_reuse on;',
]

const redirectServer = (httpsPort: number): Lines =>
  block('server', [
    `listen ${PORTS.edgeHttp};`,
    'access_log off;',
    `return 308 ${secureUrl(httpsPort)};`,
  ])

/** The same address over HTTPS, under the name that the client used and the port that it can reach. */
const secureUrl = (httpsPort: number): string =>
  `https://$host${httpsPort === 443 ? '' : `:${httpsPort}`}$request_uri`

const publicServer = (spec: ClusterSpec, httpsPort: number): Lines => {
  const { burst } = spec.edge.limits
  return block('server', [
    `listen ${PORTS.edgeHttps} ssl;`,
    'http2 on;',
    `ssl_certificate ${CONFIG_DIR}/tls/public.crt;`,
    `ssl_certificate_key ${CONFIG_DIR}/tls/public.key;`,
    `limit_req zone=clients${burst > 0 ? ` burst=${burst} nodelay` : ''};`,
    `error_page 497 =308 ${secureUrl(httpsPort)};`,
    '',
    ...Object.keys(SECURITY_HEADERS).map((name) => `proxy_hide_header ${name};`),
    'proxy_hide_header Strict-Transport-Security;',
    'proxy_hide_header X-Request-Id;',
    ...Object.entries(SECURITY_HEADERS).map(
      ([name, value]) => `add_header ${name} ${nginxString(value)} always;`,
    ),
    'add_header Strict-Transport-Security $hsts always;',
    'add_header X-Request-Id $request_name always;',
    ...ownRetryAfter,
    ...(spec.edge.affinity === 'cookie' ? ['add_header Set-Cookie $affinity_cookie;'] : []),
    '',
    ...forwarded({
      realIp: '$remote_addr',
      forwardedFor: '$remote_addr',
      port: String(httpsPort),
    }),
    '',
    ...problemPages(),
    '',
    ...BLOCKED_PATHS.map((path) => `location = ${path} { return 404; }`),
    ...BLOCKED_PREFIXES.map((path) => `location ${path} { return 404; }`),
    ...PUBLIC_ROUTES.flatMap((route) => routeLocation(spec, route)),
    ...retryLocations(PUBLIC_ROUTES),
  ])
}

const internalServer = (): Lines =>
  block('server', [
    `listen ${PORTS.edgeInternal} ssl;`,
    'http2 on;',
    ...NGINX_MUTUAL_TLS,
    '',
    ...forwarded({
      realIp: '$inner_real_ip',
      forwardedFor: '$proxy_add_x_forwarded_for',
      port: String(PORTS.edgeInternal),
    }),
    ...ownRetryAfter,
    '',
    ...problemPages(),
    '',
    'location / { return 404; }',
    ...INTERNAL_ROUTES.flatMap((route) => routeLocation(undefined, route)),
    ...retryLocations(INTERNAL_ROUTES),
  ])

interface Forwarded {
  readonly realIp: string
  readonly forwardedFor: string
  readonly port: string
}

/** All of a location's request headers: nginx inherits them as a whole or not at all. */
function forwarded({ realIp, forwardedFor, port }: Forwarded): Lines {
  return [
    'proxy_set_header Host $http_host;',
    'proxy_set_header Connection $connection_header;',
    'proxy_set_header Upgrade $upgrade;',
    `proxy_set_header X-Real-IP ${realIp};`,
    `proxy_set_header X-Forwarded-For ${forwardedFor};`,
    'proxy_set_header X-Forwarded-Host $host;',
    `proxy_set_header X-Forwarded-Port ${port};`,
    'proxy_set_header X-Forwarded-Proto https;',
    'proxy_set_header X-Request-Id $request_name;',
    ...FORGEABLE_HEADERS.map((name) => `proxy_set_header ${name} "";`),
  ]
}

/** Stands for the variable until the text around it is quoted. */
const REQUEST_ID = '<request id>'

/** Statuses that never leave: nginx's way to go on at a named location. */
const HAS_KEY = 418
const NOBODY = 419

/**
 * What the edge itself answers; answers of services pass untouched. When nginx had no replica in service,
 * its record of addresses is the group's name alone: nothing was sent, so any method may go on.
 */
function problemPages(): Lines {
  return Object.keys(EDGE_PROBLEMS).flatMap((status) => [
    `error_page ${status} @problem-${status};`,
    ...block(`location @problem-${status}`, [
      ...(status === '502' ? [`if ($upstream_addr ~ "^[a-z-]+$") { return ${NOBODY}; }`] : []),
      ...(RETRY_LATER.includes(Number(status)) ? ['set $retry_after 1;'] : []),
      `default_type ${PROBLEM_CONTENT_TYPE};`,
      `return ${status} ${nginxString(problemText(Number(status), REQUEST_ID)).replace(REQUEST_ID, '$request_name')};`,
    ]),
  ])
}

function routeLocation(spec: ClusterSpec | undefined, route: EdgeRoute): Lines {
  const { component } = route
  const sticky = spec !== undefined && isSticky(spec, component)
  return block(`location ${route.match === 'exact' ? '= ' : ''}${route.path}`, [
    `set $component ${component};`,
    `set $pool ${component}${sticky ? '$pool_suffix' : ''};`,
    'set $hops "";',
    `if ($is_keyed) { return ${HAS_KEY}; }`,
    ...(route.strip === '' ? [] : [`rewrite ^${route.strip}(/.*)$ $1 break;`]),
    ...(route.streaming ? [] : ['proxy_buffering on;']),
    'proxy_pass https://$pool;',
  ])
}

/** Where a request goes on: with an Idempotency-Key, and when a draining replica said that it has not begun it. */
function retryLocations(routes: readonly EdgeRoute[]): Lines {
  const strips = [...new Set(routes.map(({ strip }) => strip))].filter((strip) => strip !== '')
  return [
    `error_page ${HAS_KEY} = @keyed;`,
    `error_page ${NOBODY} = ${NOT_BEGUN.value};`,
    ...block('location @keyed', [
      ...strips.map((strip) => `rewrite ^${strip}(/.*)$ $1 break;`),
      'proxy_next_upstream error timeout non_idempotent;',
      'proxy_pass https://$pool;',
    ]),
    ...block(`location ${NOT_BEGUN.value}`, [
      'set $hops "${hops}x";',
      `if ($hops = ${'x'.repeat(EDGE_TIMING.tries + 1)}) { return 503; }`,
      'proxy_pass https://${component}-elsewhere;',
    ]),
  ]
}

const statusServer = (): Lines =>
  block('server', [
    `listen ${PORTS.edgeStats} ssl;`,
    ...NGINX_MUTUAL_TLS,
    'access_log off;',
    'location / { return 404; }',
    'location = /livez { return 200 ok; }',
    ...['/status', '/metrics'].flatMap((path) =>
      block(`location = ${path}`, [
        'if ($is_status_reader = 0) { return 403; }',
        ...(path === '/status' ? ['stub_status;'] : NGINX_METRICS),
      ]),
    ),
  ])
