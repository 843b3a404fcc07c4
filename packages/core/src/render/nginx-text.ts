/** Pieces of text that both nginx configurations (edge and console) are made of. */
import { assertPresent } from '../assert-present.ts'
import { TLS_PATHS } from './files.ts'

/** One value as a quoted string. nginx has no escape for `$`, so a value that holds one must not come here. */
export const nginxString = (text: string): string => {
  assertPresent(text.includes('$') ? undefined : text, 'text without $ for nginx')
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`
}

/** Each line pushed in by two spaces per level; empty lines stay empty. */
export const indent = (lines: readonly string[], levels = 1): readonly string[] =>
  lines.map((line) => (line === '' ? '' : '  '.repeat(levels) + line))

/** `name {`, the lines, `}`. */
export const block = (name: string, lines: readonly string[]): readonly string[] => [
  `${name} {`,
  ...indent(lines),
  '}',
]

/** Runs as the containers' uid on a read-only root: everything written goes to /tmp and to stdout and stderr. */
export const nginxMain = (
  workers: number,
  connections: number,
  drainSeconds: number,
): readonly string[] => [
  `worker_processes ${workers};`,
  `worker_shutdown_timeout ${drainSeconds}s;`,
  'pid /tmp/nginx.pid;',
  'error_log stderr error;',
  '',
  ...block('events', [`worker_connections ${connections};`]),
]

export const NGINX_TEMP_PATHS: readonly string[] = [
  'client_body_temp_path /tmp/client-body;',
  'fastcgi_temp_path /tmp/fastcgi;',
  'proxy_temp_path /tmp/proxy;',
  'scgi_temp_path /tmp/scgi;',
  'uwsgi_temp_path /tmp/uwsgi;',
]

/** Server side of TLS in the cluster: only holders of a certificate of its CA get in. */
export const NGINX_MUTUAL_TLS: readonly string[] = [
  `ssl_certificate ${TLS_PATHS.certificate};`,
  `ssl_certificate_key ${TLS_PATHS.key};`,
  `ssl_client_certificate ${TLS_PATHS.ca};`,
  'ssl_verify_client on;',
]

/** TLS 1.2 with forward secrecy and TLS 1.3; sessions resume from a cache, so no ticket key to rotate. */
export const NGINX_TLS_VERSIONS: readonly string[] = [
  'ssl_protocols TLSv1.2 TLSv1.3;',
  'ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;',
  'ssl_prefer_server_ciphers off;',
  'ssl_session_cache shared:tls:4m;',
  'ssl_session_tickets off;',
  'ssl_session_timeout 1h;',
]

/** Connection gauges in Prometheus' text format, from nginx's own variables. */
export const NGINX_METRICS: readonly string[] = [
  'default_type "text/plain; version=0.0.4";',
  `return 200 "${['active', 'reading', 'writing', 'waiting']
    .map(
      (state) =>
        `# TYPE nginx_connections_${state} gauge\\nnginx_connections_${state} $connections_${state}\\n`,
    )
    .join('')}";`,
]
