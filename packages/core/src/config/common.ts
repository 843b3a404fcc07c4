/**
 * What every Node process of a cluster is told, in one JSON file at /etc/neuronha/config.json. The
 * renderer writes it and the process reads it through the same schema, so neither can drift.
 */
import { z } from 'zod'

export const DEFAULT_CONFIG_PATH = '/etc/neuronha/config.json'

export const tlsConfig = z.strictObject({
  caFile: z.string().describe('CA of the cluster'),
  certificateFile: z.string(),
  keyFile: z.string(),
})
export type TlsConfig = z.infer<typeof tlsConfig>

export const processConfig = z.strictObject({
  cluster: z.string(),
  /** Container name: the replica label of metrics, and the instance in logs. */
  replica: z.string(),
  listen: z.strictObject({ address: z.string(), port: z.int() }),
  tls: tlsConfig,
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  /** How long a draining replica waits for the edge to notice, milliseconds. */
  drainNoticeMs: z.int().min(0).default(2500),
  /** How long a draining replica then waits for requests to finish, milliseconds. */
  drainFinishMs: z.int().min(0).default(20_000),
})

/** A login at the poolers: one pool per pooler, because `pg` knows no multi-host. */
export const poolerAccess = z.strictObject({
  poolers: z.array(z.strictObject({ name: z.string(), address: z.string(), port: z.int() })).min(1),
  user: z.string(),
  password: z.string(),
  writeDatabase: z.string(),
  readDatabase: z.string(),
  /** Connections that one replica opens to one pooler for writes, and as many for reads. */
  poolSize: z.int().min(1).default(10),
  maxReadLagMs: z.int().default(1000),
})
export type PoolerAccess = z.infer<typeof poolerAccess>

/** The owner's login straight to the routers’ write port, for migrations only. */
export const migrationAccess = z.strictObject({
  routers: z.array(z.strictObject({ address: z.string(), port: z.int() })).min(1),
  user: z.string(),
  password: z.string(),
  database: z.string(),
  schema: z.string(),
})
export type MigrationAccess = z.infer<typeof migrationAccess>

/** Another service, reached through the edge's internal listener (one balancer knows who is healthy). */
export const upstream = z.strictObject({
  /** For example https://10.77.0.181:9443/agent; more than one edge, more than one URL. */
  urls: z.array(z.url()).min(1),
  /** Name in the certificate to verify. */
  serverName: z.string(),
  apiKey: z.string().optional(),
})
export type UpstreamConfig = z.infer<typeof upstream>
