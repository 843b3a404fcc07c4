/** What a repository holds now, with what was found out about it before. */
import type { BackupConfig } from '@neuronha/core/config/processes.ts'
import type { BackupEntry, RepositoryState } from '@neuronha/core/contracts/backups.ts'
import { toPlatformError } from '@neuronha/core/errors.ts'
import type { Pgbackrest } from './pgbackrest.ts'

/** The state lies in etcd, which takes a megabyte and a half at once. */
const MOST_KEPT = 400

/**
 * @param earlier What was known of the same place. It stays known while the repository cannot be read, and what was verified
 *   stays verified.
 */
export async function lookAt(
  { name, place }: BackupConfig['repositories'][number],
  earlier: RepositoryState | undefined,
  pgbackrest: Pick<Pgbackrest, 'info'>,
): Promise<RepositoryState> {
  try {
    const contents = await pgbackrest.info(name)
    const backups = contents.backups.map((backup) => ({
      ...backup,
      verification:
        earlier?.backups.find(({ label }) => label === backup.label)?.verification ?? null,
    }))
    const kept = fewer(backups)
    return {
      name,
      place,
      ok: true,
      detail: '',
      ...contents,
      backups: kept,
      backups_total: backups.length,
    }
  } catch (thrown) {
    const known = earlier ?? {
      wal_from: null,
      wal_to: null,
      gaps: [],
      backups: [],
      backups_total: 0,
    }
    return { ...known, name, place, ok: false, detail: toPlatformError(thrown).message }
  }
}

/** The oldest, with which the window begins, and the newest. */
const fewer = (backups: BackupEntry[]): BackupEntry[] =>
  backups.length <= MOST_KEPT
    ? backups
    : [...backups.slice(0, 1), ...backups.slice(-(MOST_KEPT - 1))]
