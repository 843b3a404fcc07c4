/** Restore tests by their schedule, and those that people ask for; decide-restore-tests.ts decides. */
import type { RestoreTestRequest } from '@neuronha/core/contracts/backups.ts'
import { coordinationKeys } from '@neuronha/core/contracts/coordination.ts'
import type { MarkRestoreTest } from '../backups/recovery-ledger.ts'
import { parseBackupState, parseRestoreTestRequest } from '../coordination/backup-records.ts'
import { parseHandledUntil } from '../coordination/drill-requests.ts'
import type { KeyValue } from '../etcd/kv.ts'
import {
  decideRestoreTests,
  restoreTestDueSince,
  type RestoreTestsView,
} from './decide-restore-tests.ts'
import {
  createRunnerSchedule,
  type RunnerSchedule,
  type RunnerScheduleOptions,
} from './runner-schedule.ts'

export interface RestoreTestScheduleOptions extends RunnerScheduleOptions {
  readonly restoreTest: { readonly schedule: string; readonly runner: string }
  readonly mark: MarkRestoreTest
}

export function createRestoreTestSchedule(options: RestoreTestScheduleOptions): RunnerSchedule {
  const { restoreTest, cluster, mark } = options
  const { restoreTestRequest, restoreTestSchedule, backupState } = coordinationKeys(cluster)
  return createRunnerSchedule<RestoreTestsView, { readonly kind: 'request' }>(
    restoreTest.runner,
    {
      what: 'restore tests',
      kind: 'restore-test',
      requestKey: restoreTestRequest,
      keys: [restoreTestSchedule, backupState],
      viewOf: (found, common) => {
        const repositories = parseBackupState(found.get(backupState)?.value)?.repositories ?? []
        return {
          ...common,
          schedule: restoreTest.schedule,
          handledUntilMs: parseHandledUntil(found.get(restoreTestSchedule)?.value),
          hasBackup: repositories.some(({ ok, backups }) => ok && backups.length > 0),
          request: requestOf(found.get(restoreTestRequest)),
        }
      },
      isDue: (view) => restoreTestDueSince(view) !== null,
      decide: decideRestoreTests,
      request: async (_due, { nowMs }) => [
        { put: restoreTestRequest, value: JSON.stringify(await mark('schedule')) },
        {
          put: restoreTestSchedule,
          value: JSON.stringify({ handledUntil: new Date(nowMs).toISOString() }),
        },
      ],
      lost: () => 'restore test',
      // The alert of restores that nobody has verified for long tells of it.
      givenUp: () => [],
    },
    options,
  )
}

/** A request that this code cannot read is one all the same: the runner takes it away. */
const requestOf = (found: KeyValue | undefined): RestoreTestRequest | null =>
  found === undefined
    ? null
    : (parseRestoreTestRequest(found.value) ?? {
        id: '',
        by: 'unknown',
        requestedAt: new Date(0).toISOString(),
        target: '',
        ledger: { from: 0, to: 0 },
        tables: {},
      })
