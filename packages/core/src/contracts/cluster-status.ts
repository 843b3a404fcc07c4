/**
 * The topology as NeuronHA sees it: what the controller serves, `status` prints and the console draws.
 * Words and columns are patronictl's where it has them.
 */
import { z } from 'zod'
import { backupsStatus } from './backups.ts'
import { maintenance } from './coordination.ts'
import { verdict } from './drill-result.ts'

export const health = z.enum(['healthy', 'degraded', 'down'])

export const memberStatus = z
  .object({
    name: z.string(),
    host: z.string().describe('Failure domain'),
    address: z.string(),
    role: z.enum(['primary', 'sync standby', 'standby', 'unknown']),
    state: z
      .string()
      .describe(
        'Patroni’s word: running, streaming, starting, stopped, …; unreachable when nothing answers',
      ),
    timeline: z.int().nullable(),
    lsn: z.string().nullable().describe('Primary: last written; standby: last replayed'),
    lag_bytes: z
      .number()
      .nullable()
      .describe('Bytes of WAL not yet replayed; null when unknown or primary'),
    lag_ms: z
      .number()
      .nullable()
      .describe('Age of the newest replayed commit; 0 when nothing waits'),
    pending_restart: z.boolean(),
    version: z.string().nullable(),
    connections: z.int().nullable(),
    disk: z
      .object({
        size_bytes: z.number(),
        available_bytes: z.number(),
        used_ratio: z
          .number()
          .describe('As df has it: what the superuser keeps back counts as used'),
      })
      .nullable()
      .default(null)
      .describe('The disk below its data; null when unknown'),
  })
  .meta({ id: 'MemberStatus' })
export type MemberStatus = z.infer<typeof memberStatus>

const part = z.object({
  name: z.string(),
  healthy: z.boolean(),
  detail: z.string().describe('Why it is not healthy, or a short fact; may be empty'),
})

export const etcdStatus = part.extend({ leader: z.boolean(), db_bytes: z.number().nullable() })
export const routerStatus = part.extend({
  write_to: z.string().nullable().describe('The member that gets writes; null when none is up'),
  read_from: z.array(z.string()),
  sessions: z.int().nullable(),
})
export const poolerStatus = part.extend({
  databases: z.array(
    z.object({
      name: z.string(),
      clients: z.int(),
      waiting: z.int(),
      servers: z.int(),
      max_wait_ms: z.number(),
      paused: z.boolean(),
    }),
  ),
})
export const edgeStatus = part.extend({
  kind: z.enum(['nginx', 'haproxy']),
  connections: z.int().nullable(),
  requests_total: z.number().nullable(),
})
export const serviceStatus = part.extend({
  component: z.enum(['agent', 'desktop-api', 'mcp', 'console']),
  draining: z.boolean(),
})
export const controllerStatus = part.extend({ active: z.boolean() })

export const engineProxyStatus = part.extend({
  host: z.string().describe('Failure domain whose engine it stands in front of'),
})

export const commitStatus = z.object({
  standbys_needed: z.int().describe('How many standbys must acknowledge a commit'),
  standbys_connected: z.int().describe('How many whose acknowledgement counts are connected'),
  waiting: z.int().describe('Commits that have waited over 2 s for one'),
})

export const lastDrill = z.object({
  drill: z.string(),
  variant: z.string().describe('Which of several forms of the drill; may be empty'),
  verdict: verdict.exclude(['refused']),
  rto_ms: z.number().nullable().describe('Longest gap between acknowledged writes'),
  started_at: z.iso.datetime({ offset: true }),
})
export type LastDrill = z.infer<typeof lastDrill>

export const clusterStatus = z
  .object({
    cluster: z.string(),
    observed_at: z.iso.datetime({ offset: true }),
    observer: z.string().describe('The controller’s container name, or `cli`'),
    health,
    reasons: z.array(z.string()).describe('Why the cluster is not healthy; empty when it is'),
    synchronous: z.boolean().describe('Commits wait for a standby'),
    synchronous_standby_names: z.string().nullable(),
    commits: commitStatus
      .nullable()
      .default(null)
      .describe('As the primary says; null when none answers out of recovery'),
    failsafe_active: z.boolean(),
    patroni_paused: z.boolean(),
    members: z.array(memberStatus),
    etcd: z.array(etcdStatus),
    routers: z.array(routerStatus),
    poolers: z.array(poolerStatus),
    edges: z.array(edgeStatus),
    services: z.array(serviceStatus),
    controllers: z.array(controllerStatus),
    engine_proxies: z.array(engineProxyStatus),
    prometheus: z.array(part),
    alertmanagers: z.array(part).default([]).describe('Empty: nobody is to be told of alerts'),
    backups: backupsStatus,
    last_drill: lastDrill
      .nullable()
      .default(null)
      .describe('The newest drill that was not refused; null: none yet, or no member says'),
    maintenance: maintenance
      .nullable()
      // While `up` replaces one process after the other, an older controller leaves it out.
      .default(null)
      .describe('Who holds the controllers back, since when and why; null: nobody'),
  })
  .meta({ id: 'ClusterStatus' })
export type ClusterStatus = z.infer<typeof clusterStatus>
