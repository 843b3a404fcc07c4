/**
 * What a drill's load generator is told, and what it writes down: its configuration file, the ledger
 * (JSON lines), and the retry policy that the API documents and the generator follows.
 */
import { z } from 'zod'
import { poolerAccess, tlsConfig } from './common.ts'

/** Where the load generator finds its parts inside its container. */
export const LOADGEN_PATHS = {
  config: '/etc/neuronha/config.json',
  edgeCa: '/etc/neuronha/edge-ca.crt',
  ledgerDir: '/var/lib/neuronha',
  ledger: '/var/lib/neuronha/ledger.jsonl',
} as const

/** The client that the API documents: what is sent again, how often, and for how long. */
export const RETRY_POLICY = {
  /**
   * As long as a failover may hold a client. One that gives up sooner loses its place, its connection, and with it the
   * server's, and comes again with three handshakes.
   */
  tryTimeoutMs: 9000,
  maxTries: 8,
  totalMs: 20_000,
  firstBackoffMs: 50,
  maxBackoffMs: 3000,
  backoffFactor: 3,
  /** Beside connection errors, time-outs, and 409 with code IDEMPOTENCY_IN_FLIGHT. */
  retryableStatuses: [429, 502, 503, 504],
} as const

/** Whom the requests of the HTTP path go to, through the edge. */
export const loadTarget = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('agent').describe('Messages are written, and some are read back'),
    apiKey: z.string().min(1),
    sessions: z.int().min(1).max(100).default(4).describe('Sessions that the messages go to'),
    readEvery: z
      .int()
      .min(1)
      .default(10)
      .describe('Every n-th acknowledged write is read back at once'),
  }),
  z.strictObject({
    kind: z.literal('desktop-api').describe('The topology is read with a signed-in session'),
    email: z.string().min(1),
    password: z.string().min(1),
  }),
  z.strictObject({
    kind: z.literal('mcp').describe('The tool get_cluster_status is called'),
    apiKey: z.string().min(1),
  }),
  z.strictObject({ kind: z.literal('console').describe('The page and one of its assets') }),
])
export type LoadTarget = z.infer<typeof loadTarget>

export const loadgenConfig = z.strictObject({
  cluster: z.string().min(1),
  /** Marks every row that this run writes, so that it can be counted and deleted. */
  run: z.string().regex(/^[a-z0-9][a-z0-9-]{3,60}$/, 'must be 4 to 61 of a–z, 0–9 and -'),
  ratePerSecond: z.number().min(1).max(2000).default(50).describe('Of each path'),
  seconds: z.number().min(1).max(14_400).describe('It stops by itself after this long'),
  paths: z.enum(['http', 'sql', 'both']).default('both'),
  sqlReadEvery: z
    .int()
    .min(1)
    .default(5)
    .describe('SQL: after every n-th acknowledged write, a read from the poolers’ read database'),
  connect: z
    .strictObject({
      routers: z.array(z.strictObject({ address: z.string(), port: z.int() })).min(1),
      database: z.string(),
      ratePerSecond: z.number().min(0.1).max(50).default(5),
    })
    .nullable()
    .default(null)
    .describe('A new connection for each write, past the poolers: what a hung postmaster stops'),
  maxInFlight: z
    .int()
    .min(1)
    .max(10_000)
    .default(2000)
    .describe('Of each path; a request beyond it is recorded as a client error of kind overload'),
  edge: z.strictObject({
    urls: z.array(z.url()).min(1).describe('One per edge; the next one is tried when one fails'),
    serverName: z.string().min(1).describe('Name in the certificate to verify'),
    caFile: z.string(),
  }),
  target: loadTarget,
  /** The role drill at the poolers. */
  sql: poolerAccess,
  tls: tlsConfig,
  ledgerFile: z.string().default(LOADGEN_PATHS.ledger),
})
export type LoadgenConfig = z.infer<typeof loadgenConfig>

/**
 * `http`: through the edge. `sql`: through the poolers' write database. `connect`: straight to the routers' write
 * port, with a new connection for each write.
 */
export const loadPath = z.enum(['http', 'sql', 'connect'])
export type LoadPath = z.infer<typeof loadPath>

const atMs = z.number().describe('Monotonic milliseconds since the load began')

export const ledgerProgress = z.object({
  attempted: z.int(),
  acknowledged: z.int(),
  inFlight: z.int(),
  clientErrors: z.int(),
  failedTries: z.int(),
})
export type LedgerProgress = z.infer<typeof ledgerProgress>

/** One line of the ledger. */
export const ledgerLine = z.discriminatedUnion('event', [
  z.object({
    event: z.literal('start'),
    run: z.string(),
    wallMs: z.number().describe('Milliseconds since 1970 when the load began (atMs 0)'),
    /** Sessions that the run writes to, for the final read and for the clean-up. */
    sessions: z.array(z.string()),
  }),
  z.object({ event: z.literal('ready'), atMs }),
  z
    .object({
      event: z.literal('done'),
      path: loadPath,
      seq: z.int(),
      id: z.string().describe('SQL: the row’s id; HTTP: the Idempotency-Key'),
      scheduledMs: atMs,
      sentMs: atMs,
      endMs: atMs,
      tries: z.int(),
      outcome: z.enum(['acknowledged', 'failed']),
      /** Why the last try failed; null when acknowledged. */
      kind: z.string().nullable(),
      tryMs: atMs.nullable().describe('When the try that was acknowledged began'),
      member: z
        .string()
        .nullable()
        .describe('Address of the member that acknowledged, as the statement itself saw it'),
      timeline: z.int().nullable().describe('The timeline on which it was acknowledged'),
    })
    .describe('A request came to its end'),
  z
    .object({ event: z.literal('try'), path: loadPath, seq: z.int(), atMs, kind: z.string() })
    .describe('One try of a request failed'),
  z
    .object({
      event: z.literal('read'),
      path: loadPath,
      seq: z.int(),
      atMs,
      latencyMs: z.number(),
      outcome: z.enum(['fresh', 'stale', 'failed']),
      member: z
        .string()
        .nullable()
        .describe('Address of the member that answered, where it is known'),
    })
    .describe(
      'A write was read back right after it was acknowledged. On the HTTP path a client must see its own write; the SQL path reads a standby, which may be a moment behind',
    ),
  z.object({ event: z.literal('progress'), atMs, http: ledgerProgress, sql: ledgerProgress }),
  z
    .object({ event: z.literal('steady'), atMs })
    .describe('Added by the drill: from here on the load was answered as fast as it came'),
  z.object({
    event: z.literal('end'),
    atMs,
    /** When the last request was scheduled: the end of the load's window. */
    scheduledUntilMs: atMs,
    reason: z.string(),
  }),
  z.object({ event: z.literal('failed'), message: z.string() }).describe('It could not begin'),
])
export type LedgerLine = z.infer<typeof ledgerLine>
export type LedgerDone = Extract<LedgerLine, { event: 'done' }>
