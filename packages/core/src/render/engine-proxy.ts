/**
 * `haproxy.cfg` of each engine proxy: what stands between the controllers and the container engine of one failure
 * domain. Whoever may talk to the engine's socket is root on that machine, so controllers do not get it; they get this
 * list of requests (contracts/engine-api). Each is compared as it was sent, path and query, from its first letter to its last:
 * nothing is decoded or normalized first, and what the engine would read differently is refused with the rest.
 *
 * Refusals and acts are in the container's log with the controller that asked; questions are not.
 */
import { ENGINE_API, engineRules, engineTargets, type EngineRule } from '../contracts/engine-api.ts'
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import { actingContainers, containersOf, type Container } from '../topology/containers.ts'
import { gatewayAddressOf } from '../topology/network.ts'
import { PORTS } from '../topology/ports.ts'
import { ENGINE_SOCKET_TARGET } from './compose.ts'
import { header, plainFile, TLS_PATHS, type RenderedFile, type Renderer } from './files.ts'
import { observers, quoteHaproxy, section } from './haproxy-router.ts'

const MAX_CONNECTIONS = 64

const tlsBind = (port: number): string =>
  // HTTP/2 is not offered and not guessed from its preface: one protocol, one reading of a request.
  `bind :${port} proto h1 ssl crt ${TLS_PATHS.pair} ca-file ${TLS_PATHS.ca} verify required alpn http/1.1`

const globalSection = section('global', [
  'log stdout format raw daemon notice',
  `maxconn ${MAX_CONNECTIONS}`,
  'nbthread 1',
  // Streams of events never end by themselves, and a stop would wait for them.
  'hard-stop-after 2s',
  'ssl-default-bind-options ssl-min-ver TLSv1.2',
])

const defaultsSection = section('defaults', [
  'mode http',
  'log global',
  `log-format ${quoteHaproxy('%[ssl_c_s_dn(ou)] %ci %HM %HU %ST %Ta ms')}`,
  'option clitcpka',
  'option disable-h2-upgrade',
  'option dontlognull',
  // An event is passed on when it comes, not when a packet is full.
  'option http-no-delay',
  // Each request has a connection of its own to the socket, which costs nothing: none meets one that the engine is closing.
  'option http-server-close',
  'clitcpka-cnt 3',
  'clitcpka-idle 10s',
  'clitcpka-intvl 5s',
  // A socket takes the connection at once or refuses it.
  'retries 1',
  'timeout client 2m',
  'timeout connect 1s',
  'timeout http-keep-alive 1m',
  'timeout http-request 5s',
])

const rulesOf = (
  acl: string,
  method: EngineRule['method'],
  rules: readonly EngineRule[],
): readonly string[] =>
  rules
    .filter((rule) => rule.method === method)
    .map(({ target }) => `acl ${acl} url -m reg ${quoteHaproxy(target)}`)

/** `start` of older engines takes a new configuration of the container as its body, and an upgrade leaves HTTP behind. */
const NOTHING_BUT_A_HEAD = [
  'acl body req.hdr_cnt(transfer-encoding) gt 0',
  'acl length req.hdr_cnt(content-length) gt 0',
  'acl length_zero req.fhdr(content-length) -m str 0',
  'acl upgrade req.hdr_cnt(upgrade) gt 0',
  'http-request deny deny_status 403 if body or upgrade or length !length_zero',
] as const

/** Others of the cluster's network do not even get to hold a connection open; the machine itself does, for its operator. */
const onlyFrom = (spec: ClusterSpec, containers: readonly Container[]): string =>
  `tcp-request connection reject unless { src ${[
    ...containers.map(({ address }) => address),
    gatewayAddressOf(spec),
  ].join(' ')} }`

/** A request of a controller that is in the list passes; whatever else comes is 403. */
const engineSection = (spec: ClusterSpec): string => {
  const rules = engineRules(spec)
  const acting = actingContainers(spec)
  return section('frontend controllers', [
    tlsBind(PORTS.engineProxy),
    onlyFrom(spec, acting),
    `acl controller ssl_c_s_dn(ou) -m str ${acting.map(({ name }) => name).join(' ')}`,
    'acl get method GET',
    'acl post method POST',
    ...rulesOf('question', 'GET', rules),
    ...rulesOf('act', 'POST', rules),
    `acl events path -m str ${ENGINE_API}/events`,
    'http-request set-log-level warning',
    'http-request deny deny_status 403 unless controller',
    ...NOTHING_BUT_A_HEAD,
    'http-request deny deny_status 403 unless get question or post act',
    'http-request set-log-level silent if get',
    'http-request set-log-level notice if post',
    'use_backend events if events',
    'default_backend engine',
  ])
}

/** Whether the engine answers behind this proxy, and its metrics, for those who look. */
const statsSection = (spec: ClusterSpec): string =>
  section('frontend stats', [
    tlsBind(PORTS.engineProxyStats),
    onlyFrom(spec, [...containersOf(spec, 'controller'), ...containersOf(spec, 'prometheus')]),
    `acl observer ssl_c_s_dn(ou) -m str ${observers(spec).join(' ')}`,
    'acl health path -m str /health',
    'http-request set-log-level silent',
    'http-request deny deny_status 403 unless observer METH_GET',
    ...NOTHING_BUT_A_HEAD,
    'http-request use-service prometheus-exporter if { path -m str /metrics }',
    'http-request deny deny_status 404 unless health',
    // Written here: no target that an observer sent reaches the engine.
    `http-request set-uri ${engineTargets.ping}`,
    'default_backend engine',
  ])

/** The server is not checked: a slow engine that were taken for down could not be told to fence. */
const backendSection = (name: string, timeout: string): string =>
  section(`backend ${name}`, [
    `timeout server ${timeout}`,
    `server engine unix@${ENGINE_SOCKET_TARGET}`,
  ])

const proxyConfig = (spec: ClusterSpec): string =>
  [
    header('HAProxy (engine proxy)'),
    globalSection,
    defaultsSection,
    engineSection(spec),
    statsSection(spec),
    // Longer than a stop may take, grace included.
    backendSection('engine', '2m'),
    // As long as HAProxy can count: nothing happens in a healthy cluster for weeks.
    backendSection('events', '24d'),
  ].join('\n')

export const renderEngineProxy: Renderer = (spec) =>
  new Map<string, RenderedFile>(
    containersOf(spec, 'engine-proxy').map(
      ({ name }) => [`${name}/haproxy.cfg`, plainFile(proxyConfig(spec))] as const,
    ),
  )
