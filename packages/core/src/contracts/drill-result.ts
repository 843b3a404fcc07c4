/** One drill run, as `--json` prints it and history keeps it (DESIGN section 5). */
import { z } from 'zod'

const milliseconds = z.number().nullable()

export const pathResult = z.object({
  rtoMs: milliseconds.describe('Longest gap between acknowledged writes'),
  longestStallMs: milliseconds.describe(
    'Longest time that one request took, retries included, from its scheduled start',
  ),
  acknowledged: z.int(),
  attempted: z.int(),
  lost: z.int().describe('Acknowledged and not found afterwards'),
  duplicated: z.int().describe('Found more than once'),
  clientErrors: z
    .int()
    .describe('Requests of a client that retries as documented, which still failed'),
  retries: z.int(),
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

export const drillResult = pathResult
  .extend({
    drill: z.string(),
    kind: z.enum(['failover', 'service', 'restore', 'run']),
    verdict: z.enum(['pass', 'fail', 'refused', 'aborted']),
    reasons: z.array(z.string()).describe('Why the verdict is not pass'),
    cluster: z.string(),
    startedAt: z.iso.datetime({ offset: true }),
    seconds: z.number(),
    ratePerSecond: z.number(),
    edgeKind: z.enum(['nginx', 'haproxy']),
    target: z.string().describe('What was broken'),
    faultAtMs: milliseconds,
    wholeAgainMs: milliseconds.describe('From the fault until everything was healthy again'),
    timeline: z.array(timelineEvent),
    paths: z.object({ http: pathResult, sql: pathResult.nullable() }),
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
