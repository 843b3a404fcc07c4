/** The configuration of each kind of process: shared parts plus its own. */
import { z } from 'zod'
import { restoreOrder, wantedObjects } from '../contracts/restore.ts'
import { migrationAccess, poolerAccess, processConfig, tlsConfig, upstream } from './common.ts'

/** API keys that exist from the start; the service stores their SHA-256 at start when absent. */
const initialKey = z.strictObject({
  name: z.string(),
  role: z.enum(['admin', 'user', 'read-only']),
  key: z.string(),
})

export const agentConfig = processConfig.extend({
  database: poolerAccess,
  migrations: migrationAccess,
  signingKey: z.string(),
  initialKeys: z.array(initialKey),
  llm: z.discriminatedUnion('provider', [
    z.strictObject({ provider: z.literal('builtin') }),
    z.strictObject({
      provider: z.literal('openai-compatible'),
      baseUrl: z.url(),
      model: z.string(),
      apiKey: z.string().optional(),
    }),
  ]),
  llmTimeoutMs: z.int().default(60_000),
})
export type AgentConfig = z.infer<typeof agentConfig>

export const desktopApiConfig = processConfig.extend({
  database: poolerAccess,
  migrations: migrationAccess,
  signingKey: z.string(),
  firstAdmin: z.strictObject({ email: z.string(), password: z.string() }),
  agent: upstream,
  controller: upstream,
  sessionHours: z.int().default(12),
})
export type DesktopApiConfig = z.infer<typeof desktopApiConfig>

export const mcpConfig = processConfig.extend({
  /** SQL that a user typed: the poolers' session database, with the role that has no rights on the platform. */
  session: z.strictObject({
    poolers: poolerAccess.shape.poolers,
    user: z.string(),
    password: z.string(),
    database: z.string(),
    statementTimeoutMs: z.int().default(15_000),
    rowLimit: z.int().default(200),
  }),
  agent: upstream,
  controller: upstream,
  /** Bearer keys that may use the server. */
  keys: z.array(z.strictObject({ name: z.string(), key: z.string() })),
})
export type McpConfig = z.infer<typeof mcpConfig>

/** How to look at a cluster: used by the controller and by the CLI's `status`. */
export const observeConfig = z.strictObject({
  tls: tlsConfig,
  members: z.array(z.strictObject({ name: z.string(), address: z.string(), host: z.string() })),
  etcd: z.array(z.strictObject({ name: z.string(), address: z.string(), host: z.string() })),
  routers: z.array(z.strictObject({ name: z.string(), address: z.string() })),
  poolers: z.array(z.strictObject({ name: z.string(), address: z.string() })),
  edges: z.array(
    z.strictObject({ name: z.string(), address: z.string(), kind: z.enum(['nginx', 'haproxy']) }),
  ),
  services: z.array(
    z.strictObject({
      component: z.enum(['agent', 'desktop-api', 'mcp', 'console']),
      name: z.string(),
      address: z.string(),
      port: z.int(),
    }),
  ),
  controllers: z.array(z.strictObject({ name: z.string(), address: z.string() })),
  engineProxies: z.array(
    z.strictObject({ name: z.string(), address: z.string(), host: z.string() }),
  ),
  prometheus: z.array(z.strictObject({ name: z.string(), address: z.string() })),
  alertmanagers: z.array(z.strictObject({ name: z.string(), address: z.string() })),
  /** pg_monitor login, straight to members. */
  database: z.strictObject({ user: z.string(), password: z.string(), database: z.string() }),
  poolerStats: z.strictObject({ user: z.string(), password: z.string() }),
  patroniScope: z.string(),
  /** Commits wait for a standby (protection zero-loss or available, and at least one sync standby). */
  synchronous: z.boolean(),
  maxReadLag: z.strictObject({ bytes: z.int(), ms: z.int() }),
  /** Empty: no backups. */
  repositories: z.array(
    z.strictObject({ name: z.string(), kind: z.enum(['trial', 's3']), place: z.string() }),
  ),
  stores: z.array(z.strictObject({ name: z.string(), address: z.string() })),
  /** How old the newest archived WAL may be, milliseconds. */
  rpoMs: z.int(),
})
export type ObserveConfig = z.infer<typeof observeConfig>

const login = z.strictObject({ user: z.string(), password: z.string(), database: z.string() })
export const namedPart = z.strictObject({ name: z.string(), address: z.string() })

/** How to change the primary on purpose: used by the CLI, and by the controller for scheduled drills. */
export const plannedConfig = z.strictObject({
  cluster: z.string(),
  members: z.array(namedPart),
  routers: z.array(namedPart),
  poolers: z.array(namedPart),
  /** The poolers' databases whose queries go to the primary. */
  writeEntries: z.array(z.string()),
  /** pg_monitor and pg_checkpoint, straight to members. */
  database: login,
  /** Proves that a router's write port leads to a primary that commits. */
  writer: login,
  poolerAdmin: z.strictObject({ user: z.string(), password: z.string() }),
  patroniRest: z.strictObject({ user: z.string(), password: z.string() }),
  /** Standbys that must acknowledge a commit; 0: none. */
  syncStandbys: z.int(),
})
export type PlannedConfig = z.infer<typeof plannedConfig>

export const etcdAccess = z.strictObject({
  endpoints: z.array(z.url()).min(1),
  user: z.string(),
  password: z.string(),
})

/** The container engines, each behind the proxy of its failure domain. */
export const engineAccess = z.strictObject({
  urls: z.array(z.strictObject({ host: z.string(), url: z.url() })).min(1),
})

/** The runner of backups, which controllers start. */
export const backupConfig = z.strictObject({
  cluster: z.string(),
  replica: z.string(),
  tls: tlsConfig,
  logLevel: processConfig.shape.logLevel,
  etcd: etcdAccess,
  /** pgBackRest's names of the repositories, in their order, and where each is. */
  repositories: z.array(z.strictObject({ name: z.string(), place: z.string() })).min(1),
})
export type BackupConfig = z.infer<typeof backupConfig>

/** The runner of restore tests, which controllers start. */
export const restoreTestConfig = backupConfig
export type RestoreTestConfig = z.infer<typeof restoreTestConfig>

/** The process that restores a whole cluster, once. */
export const restoreConfig = z.strictObject({
  /** pgBackRest's stanza: the cluster that the backups are of. */
  stanza: z.string(),
  ...restoreOrder.pick({ repository: true, backup: true, target: true, resumes: true }).shape,
})
export type RestoreConfig = z.infer<typeof restoreConfig>

/** The process that takes tables out of a restored copy. */
export const restoreObjectsConfig = z.strictObject({
  stanza: z.string(),
  ...restoreOrder.pick({ repository: true, backup: true, target: true }).shape,
  objects: wantedObjects,
})
export type RestoreObjectsConfig = z.infer<typeof restoreObjectsConfig>

export const controllerConfig = processConfig.extend({
  observe: observeConfig,
  etcd: etcdAccess,
  engine: engineAccess,
  /** The write probe's login, straight to members. */
  probe: z.strictObject({ user: z.string(), password: z.string(), database: z.string() }),
  /** The acting half of Patroni's REST API. */
  patroniRest: z.strictObject({ user: z.string(), password: z.string() }),
  /** The poolers' databases whose clients are held while a primary is replaced, and who may hold them. */
  pausing: plannedConfig.pick({ writeEntries: true, poolerAdmin: true }),
  /** Drills that run by themselves; null: none do. */
  drills: z
    .strictObject({ schedule: z.string(), scenarios: z.array(z.string()), runner: z.string() })
    .nullable(),
  /** Backups; null: the cluster file has no repository. */
  backups: z
    .strictObject({
      full: z.string(),
      incremental: z.string(),
      check: z.string(),
      runner: z.string(),
      restoreTest: z.strictObject({
        schedule: z.string(),
        tables: z.array(z.string()),
        runner: z.string(),
      }),
    })
    .nullable(),
  observeIntervalMs: z.int().default(2000),
  leaseSeconds: z.int().default(5),
})
export type ControllerConfig = z.infer<typeof controllerConfig>
