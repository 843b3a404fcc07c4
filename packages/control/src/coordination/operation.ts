/**
 * Who changes the cluster now, seen by every machine: a command, or the drills of the controllers. One key on a lease
 * that its holder keeps alive, so that a killed one gives the cluster back within seconds; and at once to whoever can see,
 * on the same machine, that it was killed.
 */
import {
  coordinationKeys,
  operation,
  type ClusterOperation,
} from '@neuronha/core/contracts/coordination.ts'
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import { sleep } from '@neuronha/runtime/clock.ts'
import { hasEnded, ownProcess } from '@neuronha/runtime/process-identity.ts'
import type { Kv } from '../etcd/kv.ts'
import { hangOnLease, type KeptLease } from './kept-lease.ts'

/** A cluster that is to be mended, or that does not run yet, has no etcd that answers. */
const PATIENCE_MS = 2000

export interface HeldOperation extends Pick<KeptLease, 'release'> {
  /** What a command that this one runs shows as {@link Lent}; undefined: nothing is held. */
  readonly id: string | undefined
}

/** The operation of the command that runs this one, on whose behalf it changes the cluster. */
export type Lent = string | undefined

type Who = Pick<ClusterOperation, 'by' | 'what'>

/** @throws PlatformError CLUSTER_BUSY naming the holder. */
export async function takeOperation(
  kv: Kv,
  cluster: string,
  who: Who,
  lent?: Lent,
): Promise<HeldOperation> {
  const key = coordinationKeys(cluster).operation
  const value: ClusterOperation = {
    ...who,
    since: new Date().toISOString(),
    process: ownProcess(),
  }
  return hangOnLease(kv, async (lease) => {
    const put = [{ put: key, value: JSON.stringify(value), lease }]
    const { succeeded } = await kv.transaction([{ key, createRevision: '0' }], put)
    if (succeeded) return
    // It is taken: not to hear by whom makes that no less true.
    const found = await kv.get(key).catch(() => undefined)
    if (found === undefined) throw busy(cluster, undefined)
    // Our own first try may have been it: its answer was lost, and the client sent it again.
    if ([lease, lent].includes(found.lease)) return
    const holder = parseOperation(found.value)
    const isLeft = holder?.process !== undefined && hasEnded(holder.process)
    const { modRevision } = found
    if (isLeft && (await kv.transaction([{ key, modRevision }], put)).succeeded) return
    throw busy(cluster, holder)
  })
}

/** The same, for a command that must also work where no etcd answers: it then holds nothing. */
export async function takeOperationIfAny(
  kv: Kv,
  cluster: string,
  who: Who,
  lent?: Lent,
): Promise<HeldOperation> {
  const taking = takeOperation(kv, cluster, who, lent)
  const decided = new AbortController()
  const taken = await Promise.race([
    taking.catch((thrown: unknown) => {
      if (toPlatformError(thrown).code === 'CLUSTER_BUSY') throw thrown
      return undefined
    }),
    sleep(PATIENCE_MS, decided.signal).then(() => undefined),
  ]).finally(() => decided.abort())
  if (taken !== undefined) return taken
  return {
    id: undefined,
    release: async () => {
      // It may have come about after all.
      await taking.then((held) => held.release()).catch(toPlatformError)
    },
  }
}

/** What a holder said of itself; one that this code cannot read is somebody's all the same. */
export function parseOperation(value: string | undefined): ClusterOperation | undefined {
  if (value === undefined) return undefined
  try {
    return operation.parse(JSON.parse(value))
  } catch {
    return { by: 'unknown', what: 'unknown', since: new Date(0).toISOString() }
  }
}

const busy = (cluster: string, holder: ClusterOperation | undefined): PlatformError => {
  const who =
    holder === undefined
      ? 'somebody who has just ended, or whom etcd does not name now'
      : `\`${holder.what}\` (${holder.by}, since ${holder.since})`
  return new PlatformError('CLUSTER_BUSY', `cluster ${cluster} is being changed by ${who}`, {
    hint: 'Wait for it to end; `./neuronha events --follow` shows what it does.',
    details: { holder },
  })
}
