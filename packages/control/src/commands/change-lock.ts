/** Nobody else changes the cluster: no command on this machine, and no drill of the controllers. */
import { lending, lentOperation } from '@neuronha/runtime/load-config.ts'
import { takeOperationIfAny } from '../coordination/operation.ts'
import type { Kv } from '../etcd/kv.ts'
import { lockCluster } from '../state/lock.ts'
import { actorHere } from './audit.ts'
import type { CommandIo } from './context.ts'

export interface ChangeLock {
  /**
   * Gives this machine's lock back while `act` runs another command with the environment that it is given. The operation
   * in etcd stays ours, and the other command works on its behalf: killed, it leaves nothing that would lock us out.
   */
  readonly lend: <T>(act: (env: Readonly<Record<string, string>>) => Promise<T>) => Promise<T>
  readonly release: () => Promise<void>
}

/** @throws PlatformError CLUSTER_BUSY naming the holder. */
export async function lockForChange(
  io: Pick<CommandIo, 'commandLine'>,
  cluster: string,
  kv: Kv,
): Promise<ChangeLock> {
  let unlock = await lockCluster(cluster, io.commandLine)
  try {
    const who = { by: actorHere(), what: io.commandLine }
    const held = await takeOperationIfAny(kv, cluster, who, lentOperation())
    return {
      lend: async (act) => {
        await unlock()
        try {
          return await act(lending(held.id))
        } finally {
          unlock = await lockCluster(cluster, io.commandLine)
        }
      },
      release: async () => {
        await held.release()
        await unlock()
      },
    }
  } catch (thrown) {
    await unlock()
    throw thrown
  }
}
