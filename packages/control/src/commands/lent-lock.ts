/** The cluster's lock of a long command, which lends it to another command of this program for a while. */
import { fileURLToPath } from 'node:url'
import { PlatformError } from '@neuronha/core/errors.ts'
import { lastWords, run } from '@neuronha/runtime/exec.ts'
import { lending, lentOperation } from '@neuronha/runtime/load-config.ts'
import { takeOperationIfAny } from '../coordination/operation.ts'
import type { RunCommand } from '../drills/heal.ts'
import type { Kv } from '../etcd/kv.ts'
import { lockCluster } from '../state/lock.ts'
import { actorHere } from './audit.ts'
import type { CommandIo } from './context.ts'

const PROGRAM = fileURLToPath(new URL('../main.ts', import.meta.url))
const COMMAND_TIMEOUT_MS = 900_000

export interface LentLock {
  /**
   * Runs `neuronha <args> --cluster <name>` to its end, with this machine's lock given back meanwhile. The operation in etcd
   * stays this command's, and the other one works on its behalf: killed, it leaves nothing that would lock us out.
   *
   * @throws PlatformError COMMAND_FAILED with its last words.
   */
  readonly runCommand: RunCommand
  readonly close: () => Promise<void>
}

/** @throws PlatformError CLUSTER_BUSY naming the holder. */
export async function takeLock(io: CommandIo, cluster: string, kv: Kv): Promise<LentLock> {
  const lock = (): Promise<() => Promise<void>> => lockCluster(cluster, io.commandLine)
  let unlock = await lock()
  const who = { by: actorHere(), what: io.commandLine }
  const held = await takeOperationIfAny(kv, cluster, who, lentOperation()).catch(
    async (thrown: unknown) => {
      await unlock()
      throw thrown
    },
  )
  const runCommand: RunCommand = async (args, { killOn } = {}) => {
    await unlock()
    try {
      const result = await run(process.execPath, [PROGRAM, ...args, '--cluster', cluster], {
        timeoutMs: COMMAND_TIMEOUT_MS,
        env: lending(held.id),
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
  return {
    runCommand,
    close: async () => {
      await held.release()
      await unlock()
    },
  }
}
