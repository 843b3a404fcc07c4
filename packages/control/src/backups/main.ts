/** The process of the backups that controllers ask for; run-requested.ts has its states. It ends when they are made. */
import process from 'node:process'
import { backupConfig } from '@neuronha/core/config/processes.ts'
import { openRunner } from './open-runner.ts'
import { runRequested } from './run-requested.ts'

const runner = openRunner('backup', backupConfig)
await runner.carryOut(() => runRequested(runner))
// Kept connections must not keep a finished run alive.
process.exit()
