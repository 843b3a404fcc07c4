/**
 * The cluster file's schema: the one contract of what a cluster is. Every field is optional and every
 * default is safe; an empty file is the whole system. Glossary, one word per idea everywhere:
 *
 * cluster, member (one PostgreSQL run by Patroni), primary, standby, sync standby, pooler (PgBouncer),
 * router (HAProxy in front of PostgreSQL), edge (HTTP load balancer), service (agent, desktop-api,
 * console, mcp), replica (one running copy of a service), controller, engine, repository (where backups
 * live), backup, drill (a rehearsed failure with a verdict), ledger (the record of acknowledged writes),
 * profile (named timing preset), protection, plan (the steps that would change the world).
 */
import { z } from 'zod'
import { notifications } from './notifications.ts'
import { PROFILE_NAMES } from './profiles.ts'
import { scheduleOrNever, scheduleSchema } from './schedule.ts'
import { SCHEDULABLE_DRILLS } from './schedulable-drills.ts'
import { durationSchema, sizeSchema } from './quantities.ts'

/** Members that a cluster may have. */
export const MOST_MEMBERS = 15

const port = z.int().min(1).max(65_535)
const identifier = z
  .string()
  .regex(
    /^[a-z_][a-z0-9_]{0,62}$/,
    'must be a plain PostgreSQL name: a–z, 0–9 and _, not starting with a digit',
  )

const resources = (cpus: number, memory: string) =>
  z
    .strictObject({
      cpus: z
        .number()
        .min(0.05)
        .max(256)
        .default(cpus)
        .describe('CPU limit of each container, in cores'),
      memory: sizeSchema.default(memory).describe('Memory limit of each container'),
    })
    .prefault({})
    .describe('Limits that the engine enforces for each container')

const service = (replicas: number, cpus: number, memory: string) =>
  z
    .strictObject({
      replicas: z.int().min(1).max(25).default(replicas).describe('How many copies run'),
      resources: resources(cpus, memory),
    })
    .prefault({})

const edge = z
  .strictObject({
    kind: z
      .enum(['nginx', 'haproxy'])
      .default('nginx')
      .describe('Which load balancer stands at the front door'),
    replicas: z
      .int()
      .min(1)
      .max(2)
      .default(1)
      .describe('Replica n publishes httpPort + n − 1 and httpsPort + n − 1'),
    bindAddress: z
      .ipv4()
      .default('127.0.0.1')
      .describe('The machine’s address on which the ports are published'),
    httpPort: port.default(8080).describe('Plain HTTP; only redirects to HTTPS'),
    httpsPort: port.default(8443).describe('The front door'),
    hostnames: z
      .array(z.hostname())
      .min(1)
      .default(['localhost'])
      .describe('Names in the edge’s certificate'),
    affinity: z
      .enum(['none', 'cookie'])
      .default('none')
      .describe('cookie: a client stays with its replica while that replica is healthy'),
    tls: z
      .union([
        z.literal('auto'),
        z.strictObject({
          certificate: z
            .string()
            .min(1)
            .describe('Path of a PEM file: certificate, then its chain'),
          key: z.string().min(1).describe('Path of the PEM private key'),
        }),
      ])
      .default('auto')
      .describe('auto: signed by the cluster’s own CA'),
    limits: z
      .strictObject({
        requestBytes: sizeSchema.default('4MB').describe('Largest request body'),
        requestsPerSecond: z.int().min(1).default(200).describe('Per client address'),
        burst: z.int().min(0).default(400).describe('How far a client may run ahead of its rate'),
      })
      .prefault({}),
    resources: resources(1, '256MB'),
  })
  .prefault({})
  .describe('The HTTP load balancer at the front door')

const services = z
  .strictObject({
    agent: service(3, 1, '320MB').describe('NeuronAgent'),
    desktopApi: service(3, 1, '256MB').describe('NeuronDesktop API'),
    console: service(2, 0.5, '64MB').describe('NeuronDesktop, the web console'),
    mcp: service(2, 1, '256MB').describe('NeuronMCP'),
  })
  .prefault({})
  .describe('The stateless services; any replica serves any request')

const pooler = z
  .strictObject({
    replicas: z.int().min(1).max(9).default(2),
    poolMode: z
      .literal('transaction')
      .default('transaction')
      .describe('The services rely on transaction pooling'),
    maxClientConnections: z
      .int()
      .min(10)
      .max(100_000)
      .default(1000)
      .describe('Clients that one pooler accepts'),
    defaultPoolSize: z
      .int()
      .min(1)
      .max(1000)
      .nullable()
      .default(null)
      .describe(
        'Server connections of one pool; a pool is per user and database. null: four per processor of a member, at least 8: more only make each other wait, and all of them log in again after a failover',
      ),
    maxDbConnections: z
      .int()
      .min(1)
      .max(5000)
      .default(60)
      .describe('Server connections of one pooler to one pooler database, all users together'),
    sessionPoolSize: z
      .int()
      .min(1)
      .max(200)
      .default(10)
      .describe('Server connections of the session pool for SQL that users type'),
    publishPort: port
      .nullable()
      .default(null)
      .describe('Publish pooler n at bindAddress:publishPort + n − 1, for your own databases'),
    resources: resources(0.5, '64MB'),
  })
  .prefault({})

const router = z
  .strictObject({
    replicas: z.int().min(1).max(9).default(2),
    maxReadLag: z
      .strictObject({
        bytes: sizeSchema
          .default('1MB')
          .describe('A standby further behind gets no reads from the router'),
        ms: z
          .int()
          .min(100)
          .max(600_000)
          .default(1000)
          .describe('A read that meets an older standby goes to the primary instead'),
      })
      .prefault({}),
    resources: resources(0.5, '96MB'),
  })
  .prefault({})

const userDatabase = z.strictObject({
  name: identifier.describe('The database'),
  owner: identifier.describe('The role that owns it and may do everything in it'),
  readers: z.array(identifier).default([]).describe('Roles that may only read it'),
  extensions: z.array(identifier).default([]).describe('Extensions created in it'),
})

const database = z
  .strictObject({
    version: z.literal(17).default(17).describe('PostgreSQL major version'),
    members: z.int().min(1).max(MOST_MEMBERS).default(4).describe('One primary, the rest standbys'),
    syncStandbys: z
      .int()
      .min(0)
      .max(5)
      .default(1)
      .describe('How many standbys must have a commit before it is acknowledged'),
    extensions: z
      .array(identifier)
      .default(['vector'])
      .describe('Created in the platform’s database'),
    parameters: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
      .default({})
      .describe('PostgreSQL settings; one that the platform forces is refused'),
    pooler,
    router,
    databases: z
      .array(userDatabase)
      .default([])
      .describe('Your own databases and roles, reachable through the same poolers'),
    resources: resources(2, '1GB'),
  })
  .prefault({})
  .describe('PostgreSQL, its routers and its poolers')

const timing = z.strictObject({
  ttl: z.int().describe('Seconds that a primary’s lease lives'),
  loopWait: z.int().describe('Seconds between two rounds of Patroni'),
  retryTimeout: z.int().describe('Seconds that Patroni retries etcd and PostgreSQL'),
})

const repositoryRetention = z
  .strictObject({ full: durationSchema })
  .nullable()
  .default(null)
  .describe('How long this repository keeps its backups; null: as backup.retention says')

const trialRepository = z
  .strictObject({
    kind: z.literal('trial'),
    // It shares the disk with what it backs up.
    retention: repositoryRetention.default({ full: '2d' }),
    resources: resources(0.5, '160MB'),
  })
  .describe(
    'A small S3-compatible store of the cluster’s own, on the same machine: for trials, not for data that matters',
  )

const s3Repository = z
  .strictObject({
    kind: z.literal('s3'),
    endpoint: z.string().min(1).describe('Host, or host:port, of the S3-compatible store'),
    bucket: z.string().min(3),
    region: z.string().min(1).default('us-east-1'),
    path: z.string().startsWith('/').default('/'),
    uriStyle: z.enum(['path', 'host']).default('path'),
    caFile: z
      .string()
      .nullable()
      .default(null)
      .describe('CA certificate of the store, if not a public one'),
    accessKeyFile: z.string().describe('File that holds the access key'),
    secretKeyFile: z.string().describe('File that holds the secret key'),
    retention: repositoryRetention,
  })
  .describe('A store that speaks S3 over TLS')

const backup = z
  .strictObject({
    repositories: z
      .array(z.discriminatedUnion('kind', [trialRepository, s3Repository]))
      .max(4)
      .prefault([{ kind: 'trial' }])
      .describe(
        'Where WAL and backups go, all to each; none: no backups, and status says so. WAL counts as archived when every one has it',
      ),
    full: scheduleSchema
      .default('daily')
      .describe('hourly, daily, weekly, monthly, or a cron expression (UTC)'),
    incremental: scheduleSchema
      .default('hourly')
      .describe('hourly, daily, weekly, monthly, or a cron expression (UTC)'),
    retention: z
      .strictObject({
        full: durationSchema
          .default('7d')
          .describe('How far back one can restore, at least: older backups and their WAL expire'),
      })
      .prefault({}),
    rpo: durationSchema
      .default('60s')
      .describe(
        'How old the newest archived WAL may be: a segment is closed and archived after so long, full or not',
      ),
    walBudget: sizeSchema
      .default('8GB')
      .describe(
        'How much WAL may wait on a member’s disk while a store is away. Beyond it WAL is given up so that the database stays up; moments after that can be restored from the next backup on',
      ),
    restoreTest: z
      .strictObject({
        schedule: scheduleOrNever
          .default('weekly')
          .describe('never, hourly, daily, weekly, monthly, or a cron expression (UTC)'),
        tables: z
          .array(z.string().regex(/^[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*$/, 'must be schema.table'))
          .default([])
          .describe(
            'Tables of the platform’s database whose rows are counted and hashed before and after. Writes to them wait meanwhile, for two seconds at most',
          ),
        resources: resources(1, '1GB'),
      })
      .prefault({})
      .describe('The newest backup, restored into a throw-away member and checked'),
    resources: resources(1, '384MB'),
  })
  .prefault({})
  .describe('Continuous archiving, backups, and the proof that they can be restored')

const drills = z
  .strictObject({
    schedule: scheduleOrNever
      .default('monthly')
      .describe('never, hourly, daily, weekly, monthly, or a cron expression (UTC)'),
    scenarios: z
      .array(z.enum(SCHEDULABLE_DRILLS))
      .min(1)
      .default(['switchover', 'primary-host-loss'])
      .describe('What is rehearsed, in this order'),
    confirm: z
      .string()
      .nullable()
      .default(null)
      .describe('In production: the cluster’s name, without which no drill runs by itself'),
    rate: z
      .int()
      .min(1)
      .max(2000)
      .nullable()
      .default(null)
      .describe(
        'Requests per second of the load on each path; null: as many as the cluster answers with room to spare, 50 at most',
      ),
    resources: resources(1, '384MB'),
  })
  .prefault({})
  .describe(
    'Failures that the controllers rehearse by themselves, under load, and only in a healthy cluster',
  )

const llm = z
  .discriminatedUnion('provider', [
    z.strictObject({ provider: z.literal('builtin') }),
    z.strictObject({
      provider: z.literal('openai-compatible'),
      baseUrl: z.url(),
      model: z.string().min(1),
      apiKeyFile: z
        .string()
        .nullable()
        .default(null)
        .describe('File that holds the key, if one is needed'),
    }),
  ])
  .default({ provider: 'builtin' })
  .describe('builtin: a deterministic model that needs no network')

export const clusterSpecSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,30}$/, 'must be 1 to 31 of a–z, 0–9 and -, starting with a letter')
      .default('neurondb')
      .describe('Containers, volumes and the Patroni scope carry this name'),
    production: z
      .boolean()
      .default(false)
      .describe('true: whatever breaks things on purpose needs a typed confirmation'),
    profile: z.enum(PROFILE_NAMES).default('fast').describe('Timing preset'),
    timing: timing
      .nullable()
      .default(null)
      .describe('Patroni’s three clocks, instead of the profile’s'),
    protection: z
      .enum(['zero-loss', 'available'])
      .default('zero-loss')
      .describe(
        'zero-loss: no commit is acknowledged before a standby has it; available: degrades to asynchronous when no standby is left',
      ),
    hosts: z.array(z.string().min(1)).min(1).max(9).default(['local']).describe('Failure domains'),
    network: z
      .strictObject({
        subnet: z
          .cidrv4()
          .default('10.77.0.0/24')
          .describe('The cluster’s own bridge network; a /24'),
      })
      .prefault({}),
    edge,
    services,
    database,
    etcd: z
      .strictObject({
        members: z.int().min(1).max(7).default(3),
        resources: resources(0.5, '192MB'),
      })
      .prefault({}),
    controller: z
      .strictObject({
        replicas: z.int().min(1).max(3).default(2),
        resources: resources(0.5, '192MB'),
      })
      .prefault({}),
    metrics: z
      .strictObject({
        scrapeSeconds: z.int().min(1).max(300).default(10),
        retention: durationSchema.default('7d'),
        resources: resources(0.5, '384MB'),
      })
      .prefault({}),
    backup,
    drills,
    notifications,
    llm,
  })
  .describe('A NeuronHA cluster')

export type ClusterSpec = z.infer<typeof clusterSpecSchema>
export type ClusterFile = z.input<typeof clusterSpecSchema>
export type Resources = ClusterSpec['database']['resources']
