/**
 * A restore of a whole cluster: up to when, from where, and what the process that carries it out says while it does. It
 * runs once, in a container of its own, before anything else of the new cluster's database does.
 */
import { z } from 'zod'

/** Up to when WAL is replayed. */
export const restoreTarget = z.discriminatedUnion('kind', [
  /** As far as WAL is archived. */
  z.strictObject({ kind: z.literal('latest') }),
  /** Up to the last commit before that moment, or at it. */
  z.strictObject({ kind: z.literal('time'), time: z.iso.datetime() }),
  z.strictObject({ kind: z.literal('lsn'), lsn: z.string() }),
  /** A restore point, as `pg_create_restore_point` set it. */
  z.strictObject({ kind: z.literal('name'), name: z.string() }),
])
export type RestoreTarget = z.infer<typeof restoreTarget>

/**
 * A restore that was ordered and has not ended: in the new cluster's state folder, so that an `up` that comes after an
 * interruption goes on with it instead of making an empty database.
 */
export const restoreOrder = z.object({
  /** The cluster that the backups are of: one on this machine, or the new one itself, which comes back. */
  source: z.string(),
  /** `repo1`, … of the source. */
  repository: z.string(),
  /** pgBackRest's label of the backup to begin with; null: the newest that ends before the target. */
  backup: z.string().nullable(),
  target: restoreTarget,
  /** The member that gets the data and leads. */
  member: z.string(),
  /**
   * Nothing is copied: the member has its data, from before a restore in place, and goes on with it in a timeline that the
   * archive has not seen.
   */
  resumes: z.boolean(),
  requestedAt: z.iso.datetime(),
  /** user@machine. */
  by: z.string(),
})
export type RestoreOrder = z.infer<typeof restoreOrder>

export const restoreResult = z.object({
  /** It was complete before: an earlier try was interrupted at its very end. */
  already: z.boolean(),
  backup: z.string().nullable(),
  /** Commit time of the last transaction that was replayed; null: none was. */
  recovered_to: z.iso.datetime().nullable(),
  lsn: z.string().nullable(),
  timeline: z.int().nullable(),
  /** Of the database in the backup. */
  database_bytes: z.number().nullable(),
  /** Copying the files back. */
  restore_ms: z.number().nullable(),
  /** Replaying WAL up to the target. */
  replay_ms: z.number().nullable(),
})
export type RestoreResult = z.infer<typeof restoreResult>

/** Tables and schemas of one database that are taken out of a restored copy, into schemas of their own. */
export const wantedObjects = z.strictObject({
  database: z.string(),
  tables: z.array(z.strictObject({ schema: z.string(), name: z.string() })),
  schemas: z.array(z.string()),
  /** What is added to the names of the schemas that they were in. */
  suffix: z.string(),
})
export type WantedObjects = z.infer<typeof wantedObjects>

export const restoredTable = z.strictObject({
  /** As it was called. */
  schema: z.string(),
  name: z.string(),
  /** The schema that it is in now. */
  into: z.string(),
  rows: z.number(),
})
export type RestoredTable = z.infer<typeof restoredTable>

/** What was left out, because it would not be complete without what was not asked for. */
export const leftOut = z.strictObject({ foreignKeys: z.number(), triggers: z.number() })

export const restoredObjects = z.strictObject({
  ...restoreResult.omit({ already: true }).shape,
  tables: z.array(restoredTable),
  left_out: leftOut,
  /** Of the dump, in the volume. */
  dump_bytes: z.number(),
})
export type RestoredObjects = z.infer<typeof restoredObjects>

const copying = z.strictObject({ say: z.literal('copying'), percent: z.number() })
const replaying = z.strictObject({ say: z.literal('replaying'), segment: z.string().nullable() })
const failed = z.strictObject({
  say: z.literal('failed'),
  code: z.string(),
  message: z.string(),
  hint: z.string().nullable(),
})
export type RestoreFailure = z.infer<typeof failed>

/** What the process says, one object per line of its standard output; other lines are its log. */
export const restoreReport = z.discriminatedUnion('say', [
  copying,
  replaying,
  z.strictObject({ say: z.literal('done'), result: restoreResult }),
  failed,
])
export type RestoreReport = z.infer<typeof restoreReport>

/** The same of the process that takes tables out of a copy. */
export const restoreObjectsReport = z.discriminatedUnion('say', [
  copying,
  replaying,
  z.strictObject({ say: z.literal('dumping') }),
  z.strictObject({ say: z.literal('done'), result: restoredObjects }),
  failed,
])
export type RestoreObjectsReport = z.infer<typeof restoreObjectsReport>
