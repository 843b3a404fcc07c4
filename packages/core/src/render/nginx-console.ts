/** The web server under the console: static files behind mutual TLS; only the edge and Prometheus come here. */
import { containersOf } from '../topology/containers.ts'
import { PORTS } from '../topology/ports.ts'
import { header, plainFile, type RenderedFile, type Renderer } from './files.ts'
import {
  block,
  NGINX_METRICS,
  NGINX_MUTUAL_TLS,
  NGINX_TEMP_PATHS,
  NGINX_TLS_VERSIONS,
  nginxMain,
} from './nginx-text.ts'

/** Where the image keeps what vite built. */
const CONSOLE_ROOT = '/usr/share/neuronha-console'

/** Mantine writes style attributes; everything else comes from the console's own files. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

const SETTINGS: readonly string[] = [
  'include /etc/nginx/mime.types;',
  'default_type application/octet-stream;',
  'charset utf-8;',
  'access_log off;',
  'server_tokens off;',
  'sendfile on;',
  'tcp_nopush on;',
  'keepalive_timeout 65s;',
  'gzip on;',
  'gzip_min_length 1024;',
  'gzip_proxied any;',
  'gzip_vary on;',
  'gzip_types text/css text/javascript application/javascript application/json image/svg+xml;',
]

const HEALTH_PATHS = ['/livez', '/readyz', '/health'] as const

/** Names of files in assets/ carry their content's hash, so they may stay for ever; the page that names them may not. */
const FILES: readonly string[] = [
  ...block('location /assets/', [
    'add_header Cache-Control "public, max-age=31536000, immutable";',
    'add_header X-Content-Type-Options nosniff;',
    'try_files $uri =404;',
  ]),
  ...block('location /', ['try_files $uri /index.html;']),
  ...block('location = /index.html', [
    'add_header Cache-Control no-store;',
    `add_header Content-Security-Policy "${CONTENT_SECURITY_POLICY}";`,
    'add_header X-Content-Type-Options nosniff;',
  ]),
]

export const renderNginxConsole: Renderer = (spec) => {
  const http = [
    ...NGINX_TEMP_PATHS,
    ...NGINX_TLS_VERSIONS,
    ...SETTINGS,
    '',
    ...block('server', [
      `listen ${PORTS.console} ssl;`,
      ...NGINX_MUTUAL_TLS,
      `root ${CONSOLE_ROOT};`,
      'index index.html;',
      ...FILES,
      ...HEALTH_PATHS.flatMap((path) =>
        block(`location = ${path}`, [
          'default_type application/json;',
          `return 200 '{"status":"ok"}';`,
        ]),
      ),
      ...block('location = /metrics', NGINX_METRICS),
    ]),
  ]
  const text = [
    header('nginx (console)') + nginxMain(1, 512, 10).join('\n'),
    '',
    ...block('http', http),
    '',
  ].join('\n')
  return new Map<string, RenderedFile>(
    containersOf(spec, 'console').map(({ name }) => [`${name}/nginx.conf`, plainFile(text)]),
  )
}
