/** The cluster's lock of a long command, which lends it to another command of this program for a while. */
import { fileURLToPath } from 'node:url'
import { PlatformError } from '@neuronha/core/errors.ts'
import { lastWords, run } from '@neuronha/runtime/exec.ts'
import type { RunCommand } from '../drills/heal.ts'
import type { Kv } from '../etcd/kv.ts'
import { lockForChange } from './change-lock.ts'
import type { CommandIo } from './context.ts'

const PROGRAM = fileURLToPath(new URL('../main.ts', import.meta.url))
const COMMAND_TIMEOUT_MS = 900_000

export interface LentLock {
  /**
   * Runs `neuronha <args> --cluster <name>` to its end, with the lock given back meanwhile.
   *
   * @throws PlatformError COMMAND_FAILED with its last words.
   */
  readonly runCommand: RunCommand
  readonly close: () => Promise<void>
}

/** @throws PlatformError CLUSTER_BUSY naming the holder. */
export async function takeLock(io: CommandIo, cluster: string, kv: Kv): Promise<LentLock> {
  const lock = (): Promise<() => Promise<void>> => lockForChange(io, cluster, kv)
  let unlock = await lock()
  const runCommand: RunCommand = async (args, { killOn } = {}) => {
    await unlock()
    try {
      const result = await run(process.execPath, [PROGRAM, ...args, '--cluster', cluster], {
        timeoutMs: COMMAND_TIMEOUT_MS,
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
    } finally {
      unlock = await lock()
    }
  }
  return { runCommand, close: () => unlock() }
}
