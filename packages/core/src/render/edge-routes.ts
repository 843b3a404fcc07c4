/**
 * What the edge sends where: one table for both kinds. The first route that matches wins, so the order
 * is the precedence. A path that matches no route is answered 404 by the edge itself.
 */
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import { containersOf, type Component } from '../topology/containers.ts'
import { PORTS } from '../topology/ports.ts'
import { COOKIES } from '../contracts/http-names.ts'
import { ERROR_KINDS, type ErrorCode } from '../errors.ts'

/** Components that stand behind the edge. */
export const EDGE_BACKENDS = [
  'agent',
  'desktop-api',
  'mcp',
  'console',
  'controller',
] as const satisfies readonly Component[]
export type EdgeBackend = (typeof EDGE_BACKENDS)[number]

export interface EdgeRoute {
  readonly match: 'exact' | 'prefix'
  readonly path: string
  readonly component: EdgeBackend
  /** Removed from the front of the path before the component sees it; empty: the path is kept. */
  readonly strip: '' | '/agent' | '/desktop-api' | '/controller'
  /** Server-sent events or a WebSocket may come back: nothing is buffered. */
  readonly streaming: boolean
}

const route = (
  match: EdgeRoute['match'],
  path: string,
  component: EdgeBackend,
  strip: EdgeRoute['strip'] = '',
): EdgeRoute => ({ match, path, component, strip, streaming: component !== 'console' })

/** The front door. */
export const PUBLIC_ROUTES: readonly EdgeRoute[] = [
  route('exact', '/mcp', 'mcp'),
  route('exact', '/agent/openapi.json', 'agent', '/agent'),
  route('exact', '/api/openapi.json', 'desktop-api'),
  route('prefix', '/agent/api/v1/', 'agent', '/agent'),
  route('prefix', '/agent/v1/', 'agent', '/agent'),
  route('prefix', '/api/v1/', 'desktop-api'),
  route('prefix', '/', 'console'),
]

/** What the console's catch-all must not swallow: answered 404 at the front door. */
export const BLOCKED_PREFIXES = ['/agent/', '/api/', '/mcp/'] as const
export const BLOCKED_PATHS = ['/metrics', '/livez', '/readyz', '/health'] as const

/** The internal listener: service to service, mutual TLS. Any controller answers, active or standby. */
export const INTERNAL_ROUTES: readonly EdgeRoute[] = [
  route('exact', '/mcp', 'mcp'),
  route('prefix', '/agent/', 'agent', '/agent'),
  route('prefix', '/desktop-api/', 'desktop-api', '/desktop-api'),
  route('prefix', '/controller/', 'controller', '/controller'),
]

/** Where each component listens. */
export const BACKEND_PORTS: Readonly<Record<EdgeBackend, number>> = {
  agent: PORTS.agent,
  'desktop-api': PORTS.desktopApi,
  mcp: PORTS.mcp,
  console: PORTS.console,
  controller: PORTS.controller,
}

/** Components whose replicas a client may stick to. */
export const STICKY_BACKENDS: ReadonlySet<EdgeBackend> = new Set(['agent', 'desktop-api', 'mcp'])

/**
 * Clocks of the edge. Every request opens its own connection to a replica (with TLS resumption): a replica
 * that is frozen or gone then shows within `connectMs`, before anything was sent, so that any method may go
 * elsewhere. On a kept connection the request would be with the frozen process already.
 */
export const EDGE_TIMING = {
  /** For the TCP connection, and again for the TLS handshake: a saturated machine needs more than one second. */
  connectMs: 2000,
  /** Longest silence of a replica: above the model's time-out (60 s) and the heartbeat of streams (15 s). */
  readSeconds: 150,
  tunnelSeconds: 3600,
  /** How long a client may take over headers, and over each part of a body. */
  clientSeconds: 30,
  keepaliveSeconds: 65,
  /** Other replicas are tried at most this often, and not after this time. */
  tries: 3,
  triesSeconds: 10,
  /** nginx leaves a replica alone for `failSeconds` after this many failures; one bad request is no proof. */
  fails: 2,
  failSeconds: 3,
  /** On reload and stop: how long the old processes may finish requests and streams. */
  drainSeconds: 25,
} as const

/** Worker processes or threads: one per started core that the edge may use. */
export const edgeThreads = (spec: ClusterSpec): number =>
  Math.max(1, Math.ceil(spec.edge.resources.cpus))

/** The port that clients use for HTTPS at the n-th edge. */
export const publishedHttpsPort = (spec: ClusterSpec, ordinal: number): number =>
  spec.edge.httpsPort + ordinal - 1

/** Who may read the edge's status, by the unit in the client's certificate. */
export const statusReaders = (spec: ClusterSpec): readonly string[] => [
  'cli',
  ...[...containersOf(spec, 'controller'), ...containersOf(spec, 'prometheus')].map(
    ({ name }) => name,
  ),
]

/**
 * Names for which a browser may be told to use HTTPS only. Only with the user's own certificate: after HSTS
 * nobody can click past the warning of a private CA; and only real names, because on `localhost` it would
 * break every other server of that machine.
 */
export const hstsNames = (spec: ClusterSpec): readonly string[] =>
  spec.edge.tls === 'auto'
    ? []
    : spec.edge.hostnames.filter(
        (name) =>
          name.includes('.') &&
          !/(^|\.)(localhost|local|test|internal|lan|home\.arpa)$/.test(name) &&
          !/^[\d.]+$/.test(name),
      )

export const HSTS = 'max-age=31536000'

/** Set on everything that leaves the front door, in place of what a service says. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
}

/** Set by the edge from the connection; whatever came from outside under these names is dropped. */
export const FORGEABLE_HEADERS = [
  'Forwarded',
  'Proxy',
  'X-Forwarded-Prefix',
  'X-Forwarded-Server',
  'X-Original-URL',
  'X-Rewrite-URL',
] as const

/** A client's affinity cookie; httpOnly, secure, this site only. */
export const AFFINITY_COOKIE = COOKIES.affinity

/** What the edge itself answers, by status. */
export const EDGE_PROBLEMS: Readonly<Record<number, ErrorCode>> = {
  400: 'BAD_REQUEST',
  404: 'NOT_FOUND',
  413: 'TOO_LARGE',
  429: 'RATE_LIMITED',
  500: 'INTERNAL',
  502: 'UPSTREAM_FAILED',
  503: 'UNAVAILABLE',
  504: 'UPSTREAM_TIMEOUT',
}

/** Statuses that carry Retry-After: 1 when the edge itself answers. */
export const RETRY_LATER: readonly number[] = [429, 502, 503, 504]

/** The problem+json of a status, with the balancer's own variable in place of the request's id. */
export const problemText = (status: number, requestId: string): string => {
  const code = EDGE_PROBLEMS[status] ?? 'INTERNAL'
  return JSON.stringify({
    type: `urn:neuronha:error:${code}`,
    title: ERROR_KINDS[code].meaning,
    status,
    code,
    requestId,
  })
}
