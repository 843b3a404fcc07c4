/** What etcd holds that belongs into the cluster's status: read in one go. */
import type {
  BackupProgress,
  BackupState,
  RestoreTestState,
} from '@neuronha/core/contracts/backups.ts'
import { coordinationKeys, type Maintenance } from '@neuronha/core/contracts/coordination.ts'
import type { Kv } from '../etcd/kv.ts'
import { parseBackupProgress, parseBackupState, parseRestoreTestState } from './backup-records.ts'
import { parseMaintenance } from './maintenance.ts'

export interface ClusterRecords {
  /** Null: maintenance is off. */
  readonly maintenance: Maintenance | null
  readonly backupState: BackupState | null
  readonly backupProgress: BackupProgress | null
  readonly restoreTests: RestoreTestState | null
}

export const NO_RECORDS: ClusterRecords = {
  maintenance: null,
  backupState: null,
  backupProgress: null,
  restoreTests: null,
}

export async function readClusterRecords(
  kv: Pick<Kv, 'read'>,
  cluster: string,
): Promise<ClusterRecords> {
  const keys = coordinationKeys(cluster)
  const { kvs } = await kv.read(
    [keys.maintenance, keys.backupState, keys.backupProgress, keys.restoreTestState].map((key) => ({
      key,
    })),
  )
  const valueOf = (key: string): string | undefined => kvs.find((kv) => kv.key === key)?.value
  const maintenance = valueOf(keys.maintenance)
  return {
    maintenance: maintenance === undefined ? null : parseMaintenance(maintenance),
    backupState: parseBackupState(valueOf(keys.backupState)) ?? null,
    backupProgress: parseBackupProgress(valueOf(keys.backupProgress)) ?? null,
    restoreTests: parseRestoreTestState(valueOf(keys.restoreTestState)) ?? null,
  }
}
