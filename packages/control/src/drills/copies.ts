/** Clusters that drills restore beside the one that they rehearse, and take away again. */
import type { RestoreResult } from '@neuronha/core/contracts/restore.ts'
import type { DrillDatabase } from './drill-database.ts'

export interface Copies {
  /** @throws PlatformError REFUSED_FOR_SAFETY when this machine knows a cluster of that name, or has data of one. */
  readonly assertNone: (name: string) => Promise<void>
  /**
   * Writes the cluster file of the smallest copy: one of everything, nothing backed up.
   *
   * @returns Path of the file, in `folder`.
   */
  readonly draw: (name: string, folder: string) => Promise<string>
  /** `restore --to`, into the cluster of that file; returns when all of it is healthy. */
  readonly restore: (file: string, to: string) => Promise<void>
  /** What the restore of a cluster said: that of a copy, or the one that this cluster itself began with. */
  readonly resultOf: (name: string) => Promise<RestoreResult | undefined>
  /** The copy's database, as drills see their own. */
  readonly open: (name: string) => Promise<DrillDatabase>
  /** Containers, volumes and state folder; what is not there is no failure. */
  readonly remove: (name: string) => Promise<void>
}
