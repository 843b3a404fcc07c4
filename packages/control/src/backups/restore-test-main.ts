/** The process of the restore tests that controllers ask for; test-restore.ts has its states. It ends when one is done. */
import process from 'node:process'
import { restoreTestConfig } from '@neuronha/core/config/processes.ts'
import { RESTORED_DATA_DIR } from '@neuronha/core/render/pgbackrest.ts'
import { openRunner } from './open-runner.ts'
import { createRestoredCopy } from './restored-copy.ts'
import { testRestore } from './test-restore.ts'

const runner = openRunner('restore-test', restoreTestConfig)
const { signal, pgbackrest } = runner
await runner.carryOut(() =>
  testRestore({
    ...runner,
    copy: createRestoredCopy(pgbackrest, RESTORED_DATA_DIR, signal),
  }),
)
// Kept connections must not keep a finished run alive.
process.exit()
