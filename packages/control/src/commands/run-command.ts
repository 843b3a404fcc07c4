/** How a drill runs another command of this program, to which it lends the cluster's lock for that time. */
import { fileURLToPath } from 'node:url'
import { PlatformError } from '@neuronha/core/errors.ts'
import { lastWords, run } from '@neuronha/runtime/exec.ts'
import type { RunCommand } from '../drills/heal.ts'
import type { ChangeLock } from './change-lock.ts'
import type { CommandIo } from './context.ts'

const PROGRAM = fileURLToPath(new URL('../main.ts', import.meta.url))
const COMMAND_TIMEOUT_MS = 900_000

/** Runs `neuronha <args> --cluster <name>` to its end; fails with COMMAND_FAILED and its last words. */
export const createRunCommand =
  (io: CommandIo, cluster: string, lock: ChangeLock): RunCommand =>
  (args, { killOn } = {}) =>
    lock.lend(async (env) => {
      const result = await run(process.execPath, [PROGRAM, ...args, '--cluster', cluster], {
        timeoutMs: COMMAND_TIMEOUT_MS,
        env,
        ...(killOn === undefined ? {} : { killOn }),
        // A heal that runs because of the interruption is not interrupted by it.
        ...(io.signal.aborted ? {} : { signal: io.signal }),
      })
      if (result.code === 0 || killOn?.aborted === true) return
      throw new PlatformError(
        'COMMAND_FAILED',
        `neuronha ${args.join(' ')} failed (exit ${result.code}): ${lastWords(result)}`,
        { details: { exitCode: result.code } },
      )
    })
