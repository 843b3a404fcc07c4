/** Words that the drills of backups share. */
import { recoverableBackups } from '@neuronha/core/contracts/backups.ts'
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { containersOf, trialRepositoryOf } from '@neuronha/core/topology/containers.ts'
import type { Check, Stage } from './scenario.ts'

/** What the cluster file lacks for a drill that needs backups. */
export const needsRepository = ({ backup }: ClusterSpec): string | null =>
  backup.repositories.length > 0 ? null : 'the cluster has no repository of backups'

/** A store of a person's own is not broken. */
export const needsTrialStore = (spec: ClusterSpec): string | null =>
  trialRepositoryOf(spec) === undefined
    ? 'it breaks the trial store, and the cluster has none'
    : null

/** The only store that a drill may break. @throws PlatformError REFUSED_FOR_SAFETY when the cluster has none. */
export function trialStoreOf(spec: ClusterSpec): string {
  const [store] = containersOf(spec, 'store')
  if (store !== undefined) return store.name
  throw new PlatformError('REFUSED_FOR_SAFETY', needsTrialStore(spec) ?? '')
}

/** Of the newest backup in the trial store. @throws PlatformError REFUSED_FOR_SAFETY when there is none. */
export function newestTrialBackup({ backups }: ClusterStatus): string {
  const trial = backups.repositories.find(({ kind }) => kind === 'trial')
  const known = backups.state?.repositories.find(({ name }) => name === trial?.name)
  const label = known?.backups.at(-1)?.label
  if (label !== undefined) return label
  throw noBackup()
}

const noBackup = (): PlatformError =>
  new PlatformError('REFUSED_FOR_SAFETY', 'there is no backup yet', {
    hint: '`./neuronha backup run` makes one.',
  })

/**
 * Something must be there to be restored, and nothing amiss with it: what cannot be restored is not rehearsed.
 *
 * @throws PlatformError REFUSED_FOR_SAFETY with what is amiss.
 */
export function assertBackupsAreWell({ backups }: ClusterStatus): void {
  if (backups.problems.length > 0)
    throw new PlatformError(
      'REFUSED_FOR_SAFETY',
      `something is wrong with the backups: ${backups.problems.join('; ')}`,
      { hint: '`./neuronha backup list` has more.' },
    )
  if ((backups.state?.repositories ?? []).some((one) => recoverableBackups(one).length > 0)) return
  throw noBackup()
}

const LOOK_EVERY_MS = 1000

/** Looks until it is so, or for so long. @returns Whether it came to be. */
export async function untilSeen(
  stage: Stage,
  isSo: (status: ClusterStatus) => boolean,
  withinMs: number,
): Promise<boolean> {
  const untilMs = stage.nowMs() + withinMs
  for (;;) {
    if (isSo(await stage.observe())) return true
    if (stage.nowMs() > untilMs) return false
    await stage.sleep(LOOK_EVERY_MS)
  }
}

/** What an act found out by itself, as a check. */
export const found = (what: string, problem: () => string | null): Check => ({
  what,
  judge: problem,
})
