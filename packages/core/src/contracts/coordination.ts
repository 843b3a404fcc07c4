/**
 * What controllers, the CLI and drills tell each other through etcd: the keys, and the shape of each value.
 * All of it lives below `/neuronha/<cluster>/`; Patroni's own keys live below `/service/<cluster>/`.
 */
import { z } from 'zod'

/** Every key of a cluster, and the prefixes of those that there are many of. */
export const coordinationKeys = (cluster: string) => {
  const prefix = `/neuronha/${cluster}/`
  return {
    prefix,
    /** Which controller is the active one; its create revision is that controller's fencing token. */
    active: `${prefix}controller/active`,
    /** The one fence that is going on, or the last one. */
    fence: `${prefix}failover/fence`,
    /** The present leadership, written by the controller that saw it alive. */
    term: `${prefix}failover/term`,
    /** A planned switchover that is going on. */
    switchover: `${prefix}planned/switchover`,
    maintenance: `${prefix}maintenance`,
    /** `<holds><container>`: what must not happen to that container now. */
    holds: `${prefix}holds/`,
    /** `<events><id>`: events that are not in PostgreSQL yet. */
    events: `${prefix}events/`,
    /** What the schedule of drills remembers. */
    drillSchedule: `${prefix}drills/schedule`,
    /** Drills that somebody, or the schedule, asked for. */
    drillRequest: `${prefix}drills/request`,
    /** What a drill of the controllers has to mend. */
    drillUnfinished: `${prefix}drills/unfinished`,
    /** What the schedules of backups remember. */
    backupSchedule: `${prefix}backups/schedule`,
    /** A backup, or a look at one, that somebody or the schedule asked for. */
    backupRequest: `${prefix}backups/request`,
    /** What is known of the backups. */
    backupState: `${prefix}backups/state`,
    /** When restore tests were heeded last, what is to be restored, and how the last ones ended. */
    restoreTestSchedule: `${prefix}restore-tests/schedule`,
    restoreTestRequest: `${prefix}restore-tests/request`,
    restoreTestState: `${prefix}restore-tests/state`,
    /** What a restore test does now, in a word; on a lease. */
    restoreTestProgress: `${prefix}restore-tests/progress`,
    /** What the runner of backups does now. */
    backupProgress: `${prefix}backups/progress`,
    /** Who changes the cluster now: a command, or a drill of the controllers. */
    operation: `${prefix}operation`,
  } as const
}

/** Patroni's keys of a cluster. */
export const patroniKeys = (cluster: string) => {
  const prefix = `/service/${cluster}/`
  return {
    prefix,
    leader: `${prefix}leader`,
    failover: `${prefix}failover`,
    sync: `${prefix}sync`,
    config: `${prefix}config`,
    failsafe: `${prefix}failsafe`,
    status: `${prefix}status`,
    members: `${prefix}members/`,
  } as const
}

/**
 * Keeps the controller's hands off one container. Bound to an etcd lease of whoever holds it, so that a hold
 * never outlives the process (or, for a drill that keeps a host dead, the time) that it is for.
 */
export const hold = z.object({
  /** `up`, `drill primary-host-loss`, … */
  by: z.string(),
  why: z.string(),
  since: z.iso.datetime(),
  /** The controller must not start the container. */
  noStart: z.boolean(),
  /** The controller must neither fence it nor revoke its leadership. */
  noFence: z.boolean(),
})
export type Hold = z.infer<typeof hold>

/** While it stands, the controller repairs nothing and says so everywhere. */
export const maintenance = z.object({
  by: z.string().describe('user@machine'),
  why: z.string(),
  since: z.iso.datetime(),
})
export type Maintenance = z.infer<typeof maintenance>

/** A process, as another one of its machine can find it again. */
export const processIdentity = z.object({
  /** The kernel's boot_id: one boot of one machine. */
  bootId: z.string(),
  /** As the link /proc/self/ns/pid shows it: a container has its own. */
  pidNamespace: z.string(),
  pid: z.int().positive(),
  /** When it started, in clock ticks since the boot: a number is given out again. */
  startTicks: z.string(),
})
export type ProcessIdentity = z.infer<typeof processIdentity>

/** Bound to an etcd lease of whoever changes the cluster: two at a time would undo each other's work. */
export const operation = z.object({
  /** user@machine, or a container's name. */
  by: z.string(),
  /** The command as typed, or `scheduled drills`. */
  what: z.string(),
  since: z.iso.datetime(),
  /** Absent where the machine does not tell. */
  process: processIdentity.optional(),
})
export type ClusterOperation = z.infer<typeof operation>

/** Up to when the schedule of drills has been heeded. */
export const drillScheduleState = z.object({ handledUntil: z.iso.datetime() })

/** Drills to be run by the resting runner, one after the other. */
export const drillRequest = z.object({
  id: z.string(),
  scenarios: z.array(z.string()),
  /** Names of those that were carried out. */
  done: z.array(z.string()),
  /** `schedule`, or user@machine. */
  by: z.string(),
  requestedAt: z.iso.datetime(),
})
export type DrillRequest = z.infer<typeof drillRequest>

/** Why a member is fenced, or why its leadership is taken away. */
export const fenceReason = z.enum([
  /** Its container ended and stays ended. */
  'container-gone',
  /** Its container ended, and the engine starts it again. */
  'container-crashed',
  /** Neither a kept nor a fresh connection gets an answer: frozen or cut off. */
  'unresponsive',
  /** Existing sessions go on, new ones hang: the postmaster is stuck. */
  'no-new-connections',
  /** PostgreSQL answers, Patroni does not: the lease will run out. */
  'patroni-hung',
])
export type FenceReason = z.infer<typeof fenceReason>

export const fencePhase = z.enum(['intended', 'confirmed', 'revoked', 'released', 'abandoned'])
export type FencePhase = z.infer<typeof fencePhase>

/** The leadership of one incarnation of a member, as it was seen while that incarnation lived. */
export const leaderTerm = z.object({
  member: z.string(),
  /** The container's id. */
  containerId: z.string(),
  /** The engine's StartedAt: with the id it names one incarnation. */
  startedAt: z.string(),
  leaderModRevision: z.string(),
  /** The lease of /leader and of the member's own key. */
  lease: z.string(),
})
export type LeaderTerm = z.infer<typeof leaderTerm>

/** The one fence that is going on, or the last one that ended (released, abandoned). */
export const fenceRecord = z.object({
  id: z.string(),
  term: leaderTerm,
  reason: fenceReason,
  phase: fencePhase,
  /** The controller that wrote it last. */
  controller: z.string(),
  intendedAt: z.iso.datetime(),
  evidence: z.record(z.string(), z.json()),
  /** Who followed; null while nobody did. */
  newLeader: z.string().nullable(),
  /** Why it was abandoned; empty otherwise. */
  note: z.string(),
  /** When earlier fences were intended: what the rate limit counts. */
  earlier: z.array(z.iso.datetime()),
})
export type FenceRecord = z.infer<typeof fenceRecord>

/** A fence that is neither released nor abandoned keeps every other act on the primary waiting. */
export const isFenceOpen = (record: Pick<FenceRecord, 'phase'>): boolean =>
  record.phase !== 'released' && record.phase !== 'abandoned'

/** The least severe first. */
export const severity = z.enum(['info', 'warning', 'critical'])
export type Severity = z.infer<typeof severity>

/** One entry of the audit log: something that was decided or done, by whom, and on what evidence. */
export const platformEvent = z
  .object({
    id: z
      .string()
      .describe('Sorts by time: milliseconds since 1970 in 9 base-36 digits, then 8 random'),
    at: z.iso.datetime(),
    /** Who says so: a controller's container name, or `cli`. */
    source: z.string(),
    /** On whose behalf: `controller`, or user@machine. */
    actor: z.string(),
    kind: z.string().describe('`failover.fenced`, `switchover.done`, `maintenance.on`, …'),
    severity,
    summary: z.string(),
    /** The container that it is about, if it is about one. */
    target: z.string().nullable(),
    evidence: z.record(z.string(), z.json()),
  })
  .meta({ id: 'PlatformEvent' })
export type PlatformEvent = z.infer<typeof platformEvent>

/** An event before it has a number and a time. */
export type NewEvent = Pick<PlatformEvent, 'kind' | 'summary'> &
  Partial<Pick<PlatformEvent, 'severity' | 'target' | 'evidence' | 'actor'>>
