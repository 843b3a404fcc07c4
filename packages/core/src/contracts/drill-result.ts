/** One drill run, as `--json` prints it and history keeps it (DESIGN section 5). */
import { z } from 'zod'

const milliseconds = z.number().nullable()

export const pathResult = z.object({
  rtoMs: milliseconds.describe(
    'Longest gap between acknowledged writes; at the top of a restore: until what it restored is usable',
  ),
  longestStallMs: milliseconds.describe(
    'Longest time that one request took, retries included, from its scheduled start',
  ),
  acknowledged: z.int(),
  attempted: z.int(),
  lost: z
    .int()
    .describe(
      'Acknowledged and not found afterwards; where everything is lost, of those before the promised point',
    ),
  duplicated: z.int().describe('Found more than once'),
  clientErrors: z
    .int()
    .describe('Requests of a client that retries as documented, which still failed'),
  retries: z.int(),
  reads: z.int().default(0).describe('Reads that were answered'),
  staleReads: z
    .int()
    .describe('Reads right after an acknowledged write of the same client that did not see it'),
  lateSends: z
    .int()
    .describe('Requests that left the load generator more than 50 ms after their scheduled start'),
  latencyMs: z.object({ p50: milliseconds, p99: milliseconds, max: milliseconds }),
  errorsByKind: z
    .record(z.string(), z.int())
    .describe('Failed attempts, those that a retry mended included'),
})
export type PathResult = z.infer<typeof pathResult>

export const timelineEvent = z.object({
  atMs: z.number().describe('Milliseconds since the load began'),
  what: z.string(),
  source: z.string(),
})
export type TimelineEvent = z.infer<typeof timelineEvent>

/** Something beside the general promises that one drill holds the system to. */
export const drillCheck = z.object({
  what: z.string().describe('What must hold'),
  held: z.boolean(),
  detail: z.string().describe('What was seen'),
})
export type DrillCheck = z.infer<typeof drillCheck>

/** A span in which one member acknowledged synchronous commits on one timeline. */
export const acknowledgedBy = z.object({
  member: z.string(),
  timeline: z.int(),
  writes: z.int(),
  fromMs: z.number(),
  untilMs: z.number(),
})
export type AcknowledgedBy = z.infer<typeof acknowledgedBy>

/** What a drill that restores brought back, and how fast. */
export const restored = z.object({
  databaseBytes: z.number().describe('Size of the database in the backup'),
  copyMs: z.number().describe('Copying its files back'),
  replayMs: z.number().describe('Replaying WAL up to the target'),
  bytesInAnHour: z
    .number()
    .describe(
      'What could be restored within an hour: everything but the copy took as long as it did, the copy went on as fast',
    ),
})
export type Restored = z.infer<typeof restored>

export const verdict = z.enum(['pass', 'fail', 'refused', 'aborted'])

const predictedTerm = z.object({
  name: z.string(),
  typicalMs: z.number(),
  worstMs: z.number(),
})

export const drillResult = pathResult
  .extend({
    drill: z.string(),
    variant: z
      .string()
      .default('')
      .describe('Which of several forms of the drill, for example whose replica; may be empty'),
    withController: z
      .boolean()
      .default(true)
      .describe('false: both controllers were stopped, so Patroni was alone'),
    commit: z.string().default('').describe('What was running: the commit of the checkout'),
    kind: z.enum(['failover', 'service', 'restore', 'run']),
    verdict,
    reasons: z.array(z.string()).describe('Why the verdict is not pass'),
    cluster: z.string(),
    startedAt: z.iso.datetime({ offset: true }),
    seconds: z.number(),
    ratePerSecond: z.number(),
    edgeKind: z.enum(['nginx', 'haproxy']),
    target: z.string().describe('What was broken'),
    faultAtMs: milliseconds,
    healedAtMs: milliseconds
      .default(null)
      .describe('When the drill itself ended the fault; null when the system had to'),
    predicted: z
      .object({ typicalMs: z.number(), worstMs: z.number(), terms: z.array(predictedTerm) })
      .nullable()
      .default(null)
      .describe('What the model says of rtoMs; null where it knows nothing'),
    wholeAgainMs: milliseconds.describe('From the fault until everything was healthy again'),
    rpoMs: milliseconds
      .default(null)
      .describe(
        'Restores: how much time of acknowledged writes, before the moment that was to be restored, is missing by the ledger',
      ),
    restoreMs: milliseconds
      .default(null)
      .describe('Restores: copying and replaying, without what comes before and after'),
    restored: restored.nullable().default(null).describe('null unless something was restored'),
    overlaps: z
      .int()
      .default(0)
      .describe(
        'Writes that a member acknowledged after another one had, on a later timeline: must be 0',
      ),
    acknowledgedBy: z.array(acknowledgedBy).default([]).describe('In order of time; SQL path'),
    checks: z.array(drillCheck).default([]),
    timeline: z.array(timelineEvent),
    paths: z.object({
      http: pathResult.nullable().describe('null when the drill was told to leave it out'),
      sql: pathResult.nullable(),
      connect: pathResult
        .nullable()
        .default(null)
        .describe('New connections straight to the routers, where the drill counts them'),
    }),
    /** Per second: acknowledged writes and latency, for the plot. */
    series: z.record(
      z.string(),
      z.array(
        z.object({
          second: z.int(),
          acknowledged: z.int(),
          failedAttempts: z.int(),
          p50: milliseconds,
          max: milliseconds,
        }),
      ),
    ),
    reportFile: z.string().nullable(),
  })
  .meta({ id: 'DrillResult' })
export type DrillResult = z.infer<typeof drillResult>
