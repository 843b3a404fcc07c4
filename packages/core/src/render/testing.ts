/** For tests of renderers: secrets that are the same every time, and that nobody can take for real ones. */
import type { ClusterSecrets, RoleSecret, TlsPair } from '../secrets.ts'
import { clusterSpecSchema, type ClusterFile, type ClusterSpec } from '../spec/cluster-spec.ts'
import { certificateRequests } from '../topology/certificates.ts'
import { ROLE_KEYS, type RoleKey } from '../topology/roles.ts'
import { userRoleNames } from '../topology/user-roles.ts'
import type { RenderedFiles } from './files.ts'

/** A cluster as `parseClusterFile` would make it of this file. */
export const aSpec = (file: ClusterFile = {}): ClusterSpec => clusterSpecSchema.parse(file)

/** The cluster files that goldens are made of. */
export const GOLDEN_SPECS = {
  minimal: aSpec(),
  laptop: aSpec({
    name: 'laptop',
    protection: 'available',
    services: {
      agent: { replicas: 1 },
      desktopApi: { replicas: 1 },
      console: { replicas: 1 },
      mcp: { replicas: 1 },
    },
    database: {
      members: 2,
      resources: { cpus: 1, memory: '512MB' },
      pooler: { replicas: 1, defaultPoolSize: 10, maxDbConnections: 20, sessionPoolSize: 5 },
      router: { replicas: 1 },
    },
    etcd: { members: 1 },
    controller: { replicas: 1 },
  }),
  full: aSpec({
    name: 'full',
    production: true,
    profile: 'balanced',
    protection: 'available',
    hosts: ['alpha', 'beta', 'gamma'],
    network: { subnet: '10.88.0.0/24' },
    edge: {
      kind: 'haproxy',
      replicas: 2,
      hostnames: ['ai.example.org', 'localhost'],
      affinity: 'cookie',
    },
    database: {
      members: 5,
      syncStandbys: 2,
      extensions: ['vector', 'pg_trgm'],
      parameters: { work_mem: '16MB', log_min_duration_statement: 250, jit: false },
      pooler: { replicas: 3, publishPort: 6432 },
      router: { replicas: 2, maxReadLag: { bytes: '4MB', ms: 2000 } },
      databases: [
        { name: 'shop', owner: 'shop_owner', readers: ['shop_reader'], extensions: ['vector'] },
        { name: 'wiki', owner: 'wiki_owner' },
      ],
      resources: { cpus: 4, memory: '8GB' },
    },
    etcd: { members: 5 },
    backup: {
      repositories: [
        {
          kind: 's3',
          endpoint: 's3.example.org:9000',
          bucket: 'neuronha-backups',
          path: '/full',
          caFile: '/etc/ssl/store-ca.crt',
          accessKeyFile: '/etc/neuronha-keys/access',
          secretKeyFile: '/etc/neuronha-keys/secret',
        },
      ],
      retention: { full: '14d' },
    },
    llm: { provider: 'openai-compatible', baseUrl: 'https://llm.example.org/v1', model: 'small' },
  }),
} as const satisfies Readonly<Record<string, ClusterSpec>>

export type GoldenCase = keyof typeof GOLDEN_SPECS
export const GOLDEN_CASES = Object.keys(GOLDEN_SPECS) as readonly GoldenCase[]

const fakePair = (name: string): TlsPair => ({
  certificate: `-----BEGIN CERTIFICATE-----\nfake certificate of ${name}\n-----END CERTIFICATE-----\n`,
  key: `-----BEGIN PRIVATE KEY-----\nfake key of ${name}\n-----END PRIVATE KEY-----\n`,
})

const fakeRole = (name: string): RoleSecret => ({
  password: `fake-password-of-${name}`,
  verifier: `SCRAM-SHA-256$4096:fake-salt$fake-stored-key-of-${name}:fake-server-key-of-${name}`,
})

const byName = <T>(names: readonly string[], make: (name: string) => T): Record<string, T> =>
  Object.fromEntries(names.map((name) => [name, make(name)]))

/** Secrets for any spec; every value says that it is fake. */
export const fakeSecrets = (spec: ClusterSpec): ClusterSecrets => ({
  ca: fakePair('ca'),
  certificates: byName(
    certificateRequests(spec).map(({ name }) => name),
    fakePair,
  ),
  edgeCertificate: fakePair('edge'),
  roles: byName(ROLE_KEYS, fakeRole) as Readonly<Record<RoleKey, RoleSecret>>,
  userRoles: byName(userRoleNames(spec), fakeRole),
  patroniRest: { username: 'patroni', password: 'fake-password-of-patroni-rest' },
  etcd: {
    root: 'fake-password-of-etcd-root',
    patroni: 'fake-password-of-etcd-patroni',
    controller: 'fake-password-of-etcd-controller',
  },
  signingKey: 'fake-signing-key',
  apiKeys: { admin: 'nha_fake-admin', service: 'nha_fake-service', drill: 'nha_fake-drill' },
  consoleAdmin: { email: 'admin@example.org', password: 'fake-password-of-console-admin' },
  backup: {
    cipherPass: 'fake-cipher-pass',
    trialStore: { accessKey: 'fake-access-key', secretKey: 'fake-secret-key' },
  },
})

/** Where the golden of a rendered file lies, for `toMatchFileSnapshot`, seen from render/. */
export const goldenPath = (goldenCase: string, path: string): string =>
  `./golden/${goldenCase}/${path}`

/** The text of one rendered file. */
export const textOf = (files: RenderedFiles, path: string): string => {
  const file = files.get(path)
  if (file === undefined) throw new TypeError(`no ${path} among ${[...files.keys()].join(', ')}`)
  return file.text
}
