/**
 * `haproxy.cfg` of each router: TCP in front of PostgreSQL, led by Patroni's REST API. A write goes to the member
 * whose lock (the status) and whose database (the body) both say primary. Each member is checked once for each
 * question, `write` and `read`; everything else tracks those checks, because each costs a TLS handshake.
 *
 * HAProxy takes a server for up until its first check says otherwise, and 3.0 has no `init-state`: for a moment
 * after each start or reload, writes would reach standbys. `server-state`, rendered beside the configuration and
 * loaded each time, starts every server as down; its first good check brings it up.
 */
import { guidePattern, WRITE_SECTION } from '../contracts/router-guide.ts'
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import { neededConnections } from '../spec/postgres-settings.ts'
import { PROFILES, type Profile } from '../spec/profiles.ts'
import { bytesOf } from '../spec/quantities.ts'
import { actingContainers, containersOf, type Container } from '../topology/containers.ts'
import { gatewayAddressOf } from '../topology/network.ts'
import { PORTS } from '../topology/ports.ts'
import {
  CONFIG_DIR,
  header,
  plainFile,
  TLS_PATHS,
  type RenderedFile,
  type Renderer,
} from './files.ts'

/** HAProxy's own commands. Inside the container, and through the section `guide`, which lets one kind of line in. */
const COMMAND_SOCKET = '/tmp/haproxy.sock'
const SERVER_STATE = `${CONFIG_DIR}/server-state`

/** An argument in HAProxy's strong quotes, within which only the quote itself is special. */
export const quoteHaproxy = (value: string): string => `'${value.replaceAll("'", `'\\''`)}'`

/** A keyword with its values; sections are rendered with their lines in the order given. */
type Line = string

/** A section of HAProxy's configuration. */
export const section = (title: string, lines: readonly Line[]): string =>
  [title, ...lines.map((line) => `  ${line}`), ''].join('\n')

const indexed = (
  members: readonly Container[],
  prefix = '',
): readonly (readonly [string, Container])[] =>
  members.map((member) => [`${prefix}${member.name}`, member] as const)

/** Twice what poolers may open: while a primary changes, the connections of the old one are still closing. */
const maxConnections = (spec: ClusterSpec): number => Math.max(1000, neededConnections(spec) * 2)

const globalSection = (spec: ClusterSpec): string =>
  section('global', [
    `log stdout format raw daemon notice`,
    `maxconn ${maxConnections(spec)}`,
    `nbthread ${Math.max(1, Math.ceil(spec.database.router.resources.cpus))}`,
    `server-state-file ${SERVER_STATE}`,
    `ssl-default-bind-options ssl-min-ver TLSv1.2`,
    `ssl-default-server-options ssl-min-ver TLSv1.2`,
    // All members' checks would otherwise fall on the same instant.
    `spread-checks 5`,
    `stats socket ${COMMAND_SOCKET} mode 600 level admin`,
  ])

const defaultsSection = ({ check, connectMs }: Profile): string =>
  section('defaults', [
    'mode tcp',
    'load-server-state-from-file global',
    'log global',
    'option clitcpka',
    'option dontlognull',
    'option redispatch 1',
    'option srvtcpka',
    'clitcpka-cnt 3',
    'clitcpka-idle 5s',
    'clitcpka-intvl 2s',
    'srvtcpka-cnt 3',
    'srvtcpka-idle 5s',
    'srvtcpka-intvl 2s',
    'retries 2',
    `timeout check ${check.timeoutMs}ms`,
    // Poolers keep connections for hours, and PostgreSQL's own timeouts decide about idle ones.
    'timeout client 24h',
    'timeout client-fin 5s',
    `timeout connect ${connectMs}ms`,
    'timeout server 24h',
    'timeout tunnel 24h',
  ])

const checkedServer = (
  member: string,
  { address }: Container,
  { fall, rise, fastinterMs }: Profile['check'],
  { interMs, downinterMs }: Pick<Profile['check'], 'interMs' | 'downinterMs'>,
): Line =>
  [
    `server ${member} ${address}:${PORTS.postgres}`,
    `check port ${PORTS.patroni} check-ssl verify required ca-file ${TLS_PATHS.ca} verifyhost ${member} check-sni ${member}`,
    `inter ${interMs}ms fastinter ${fastinterMs}ms downinter ${downinterMs}ms`,
    `fall ${fall} rise ${rise}`,
    `on-marked-down shutdown-sessions tcp-ut 10s`,
  ].join(' ')

const trackingServer = (name: string, { address }: Container, tracked: string): Line =>
  `server ${name} ${address}:${PORTS.postgres} track ${tracked} on-marked-down shutdown-sessions tcp-ut 10s`

const bind = (port: number): Line => `bind :${port} tcp-ut 10s`

/** The lock (status) and the database itself (body) must agree; either alone points at a standby at times. */
const writeSection = (members: readonly Container[], { check }: Profile): string =>
  section(`listen ${WRITE_SECTION}`, [
    bind(PORTS.routerWrite),
    'option httpchk',
    'http-check send meth GET uri /primary ver HTTP/1.1 hdr Host patroni hdr Connection close',
    // The body first: judged by its status alone, a standby's answer is cut off before its end, and Patroni logs a
    // traceback for each.
    `http-check expect string ${quoteHaproxy('"role": "primary"')}`,
    'http-check expect status 200',
    ...members.map((member) => checkedServer(member.name, member, check, check)),
  ])

/** Standbys within the lag limit; only when there is none, the primary. */
const readSection = (members: readonly Container[], { check }: Profile, lagBytes: number): string =>
  section('listen read', [
    bind(PORTS.routerRead),
    'balance leastconn',
    'option httpchk',
    `http-check send meth OPTIONS uri ${quoteHaproxy(`/replica?lag=${lagBytes}`)} ver HTTP/1.1 hdr Host patroni hdr Connection close`,
    'http-check expect status 200',
    ...members.map((member) =>
      checkedServer(member.name, member, check, {
        interMs: check.readInterMs,
        downinterMs: check.readInterMs,
      }),
    ),
    ...indexed(members, 'primary-').map(
      ([name, member]) =>
        `${trackingServer(name, member, `${WRITE_SECTION}/${member.name}`)} backup`,
    ),
  ])

/** Every member that may serve a read, the primary among them: of a member's two entries at most one is up. */
const readAnySection = (members: readonly Container[]): string =>
  section('listen read-any', [
    bind(PORTS.routerReadAny),
    'balance leastconn',
    ...indexed(members).map(([name, member]) =>
      trackingServer(name, member, `read/${member.name}`),
    ),
    ...indexed(members, 'primary-').map(([name, member]) =>
      trackingServer(name, member, `${WRITE_SECTION}/${member.name}`),
    ),
  ])

/** Who may look at statistics and metrics, by the unit in the client's certificate. */
export const observers = (spec: ClusterSpec): readonly string[] => [
  'cli',
  ...[...actingContainers(spec), ...containersOf(spec, 'prometheus')].map(({ name }) => name),
]

const statsSection = (spec: ClusterSpec): string =>
  section('frontend stats', [
    'mode http',
    `bind :${PORTS.routerStats} ssl crt ${TLS_PATHS.pair} ca-file ${TLS_PATHS.ca} verify required alpn http/1.1`,
    'option http-keep-alive',
    'option http-no-delay',
    'timeout client 30s',
    'timeout http-keep-alive 30s',
    'timeout http-request 5s',
    `acl observer ssl_c_s_dn(ou) -m str ${observers(spec).join(' ')}`,
    'http-request deny unless observer',
    'http-request use-service prometheus-exporter if { path /metrics }',
    'stats enable',
    'stats uri /stats',
  ])

/** Controllers, which have seen a new primary write, and the CLI's switchover say so here instead of waiting for a check. */
const guideSection = (spec: ClusterSpec, members: readonly Container[]): string => {
  const acting = actingContainers(spec)
  const sources = [gatewayAddressOf(spec), ...acting.map(({ address }) => address)]
  return section('listen guide', [
    `bind :${PORTS.routerGuide} ssl crt ${TLS_PATHS.pair} ca-file ${TLS_PATHS.ca} verify required`,
    'timeout client 5s',
    'timeout server 5s',
    `tcp-request connection reject unless { src ${sources.join(' ')} }`,
    'tcp-request inspect-delay 2s',
    `acl guide ssl_c_s_dn(ou) -m str cli ${acting.map(({ name }) => name).join(' ')}`,
    `acl line req.payload(0,0) -m reg ${quoteHaproxy(guidePattern(members.map(({ name }) => name)))}`,
    'tcp-request content reject unless guide',
    'tcp-request content accept if line',
    'tcp-request content reject if WAIT_END',
    `server commands unix@${COMMAND_SOCKET}`,
  ])
}

const SERVER_STATE_FIELDS =
  'be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port'

/** Every checked server as down; those that track one follow it. The rest of a line keeps the configuration's values. */
export const renderServerState = (spec: ClusterSpec): string => {
  const lines = [WRITE_SECTION, 'read'].flatMap((backend, backendIndex) =>
    containersOf(spec, 'member').map(
      ({ name }, index) =>
        `${backendIndex + 2} ${backend} ${index + 1} ${name} - 0 0 1 1 0 1 0 0 6 0 0 0 - ${PORTS.postgres} - 0 0 - - 0`,
    ),
  )
  return ['1', `# ${SERVER_STATE_FIELDS}`, ...lines, ''].join('\n')
}

const routerConfig = (spec: ClusterSpec): string => {
  const members = containersOf(spec, 'member')
  const profile = PROFILES[spec.profile]
  return [
    header('HAProxy (router)'),
    globalSection(spec),
    defaultsSection(profile),
    writeSection(members, profile),
    readSection(members, profile, bytesOf(spec.database.router.maxReadLag.bytes)),
    readAnySection(members),
    statsSection(spec),
    guideSection(spec, members),
  ].join('\n')
}

export const renderHaproxyRouter: Renderer = (spec) =>
  new Map<string, RenderedFile>(
    containersOf(spec, 'router').flatMap(({ name }) => [
      [`${name}/haproxy.cfg`, plainFile(routerConfig(spec))] as const,
      [`${name}/server-state`, plainFile(renderServerState(spec))] as const,
    ]),
  )
