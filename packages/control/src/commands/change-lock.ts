/** Nobody else changes the cluster: no command on this machine, and no drill of the controllers. */
import { lentOperation } from '@neuronha/runtime/load-config.ts'
import { takeOperationIfAny } from '../coordination/operation.ts'
import type { Kv } from '../etcd/kv.ts'
import { lockCluster } from '../state/lock.ts'
import { actorHere } from './audit.ts'
import type { CommandIo } from './context.ts'

/**
 * Returns what gives it back.
 *
 * @throws PlatformError CLUSTER_BUSY naming the holder.
 */
export async function lockForChange(
  io: Pick<CommandIo, 'commandLine'>,
  cluster: string,
  kv: Kv,
): Promise<() => Promise<void>> {
  const unlock = await lockCluster(cluster, io.commandLine)
  try {
    const who = { by: actorHere(), what: io.commandLine }
    const held = await takeOperationIfAny(kv, cluster, who, lentOperation())
    return async () => {
      await held.release()
      await unlock()
    }
  } catch (thrown) {
    await unlock()
    throw thrown
  }
}
