/** `etcd.yml` of each etcd member. */
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import { PROFILES } from '../spec/profiles.ts'
import { containersOf, type Container } from '../topology/containers.ts'
import { PORTS } from '../topology/ports.ts'
import { header, plainFile, TLS_PATHS, type Renderer } from './files.ts'
import { toYaml } from './yaml.ts'

const MB = 1024 ** 2

const DEFAULTS = {
  'auto-compaction-mode': 'periodic',
  'auto-compaction-retention': '1h',
  // Patroni's state is a few kilobytes: a quota that is reached means that something writes where it should not.
  'quota-backend-bytes': 512 * MB,
  // Fewer raft entries kept in memory than the 100,000 of the default.
  'snapshot-count': 5000,
  'log-level': 'warn',
  logger: 'zap',
} as const

const FORCED = {
  'data-dir': '/var/lib/etcd/data',
  // Off by default as soon as there is a configuration file; Patroni speaks nothing else.
  'enable-grpc-gateway': true,
  // A simple token is made through raft, so that every member knows it, and needs no key of its own to sign; a member
  // that restarted answers "invalid auth token" once, and clients log in again. It travels inside mutual TLS only.
  'auth-token': 'simple',
  'auth-token-ttl': 600,
  // Passwords are 256 random bits: nobody guesses them, however cheap a try is. At the default cost of 10 each login
  // would burn about 70 ms of CPU, and all clients log in again when a member restarts.
  'bcrypt-cost': 4,
  'initial-cluster-state': 'new',
  // Metrics are served on the client port, which asks for a certificate.
  metrics: 'basic',
} as const

const tls = {
  'cert-file': TLS_PATHS.certificate,
  'key-file': TLS_PATHS.key,
  'trusted-ca-file': TLS_PATHS.ca,
  'client-cert-auth': true,
} as const

const clientUrl = (address: string): string => `https://${address}:${PORTS.etcdClient}`
const peerUrl = (address: string): string => `https://${address}:${PORTS.etcdPeer}`

const memberConfig = (spec: ClusterSpec, members: readonly Container[], member: Container) => {
  const { heartbeatMs, electionMs } = PROFILES[spec.profile].etcd
  return {
    ...DEFAULTS,
    ...FORCED,
    name: member.name,
    'listen-client-urls': [clientUrl(member.address), clientUrl('127.0.0.1')].join(','),
    'advertise-client-urls': clientUrl(member.address),
    'listen-peer-urls': peerUrl(member.address),
    'initial-advertise-peer-urls': peerUrl(member.address),
    'initial-cluster': members.map(({ name, address }) => `${name}=${peerUrl(address)}`).join(','),
    'initial-cluster-token': spec.name,
    'client-transport-security': tls,
    'peer-transport-security': tls,
    'heartbeat-interval': heartbeatMs,
    'election-timeout': electionMs,
  }
}

export const renderEtcd: Renderer = (spec) => {
  const members = containersOf(spec, 'etcd')
  return new Map(
    members.map((member) => [
      `${member.name}/etcd.yml`,
      plainFile(header('etcd') + toYaml(memberConfig(spec, members, member))),
    ]),
  )
}
