/** What `restore` and `recover` share: one order at a time, written down before anything of the new cluster starts. */
import type { RestoreOrder } from '@neuronha/core/contracts/restore.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { repositoryName } from '@neuronha/core/render/pgbackrest.ts'
import { list } from '../observe/words.ts'
import { forgetPreparation, loadRestoreOrder, reviseOrder } from '../restore/restore-order.ts'
import { buildImages } from '../setup/images.ts'
import type { Machine } from '../setup/observe-machine.ts'
import { lockCluster } from '../state/lock.ts'
import type { StateFolder } from '../state/state-folder.ts'
import type { CommandIo } from './context.ts'

export type WantedOrder = Pick<RestoreOrder, 'repository' | 'target' | 'backup'>

/**
 * Prepares a new order, or goes on with the one that is there, for what is wanted now. Nobody else orders, or carries one
 * out, meanwhile.
 *
 * @throws PlatformError CLUSTER_BUSY naming who does.
 */
export async function orderRestore(
  io: CommandIo,
  state: StateFolder,
  wanted: WantedOrder,
  prepare: () => Promise<void>,
): Promise<void> {
  const unlock = await lockCluster(state.cluster, io.commandLine)
  try {
    if ((await loadRestoreOrder(state)) === undefined) await prepareOrForget(state, prepare)
    else await reviseOrder(io, state, wanted)
  } finally {
    await unlock()
  }
}

async function prepareOrForget(state: StateFolder, prepare: () => Promise<void>): Promise<void> {
  try {
    await prepare()
  } catch (thrown) {
    await forgetPreparation(state)
    throw thrown
  }
}

/**
 * `repo1`, … that was asked for; default: the first.
 *
 * @throws PlatformError USAGE when the cluster file has no such one.
 */
export function repositoryOf({ name, backup }: ClusterSpec, from: string | undefined): string {
  const names = backup.repositories.map((_, index) => repositoryName(index))
  const chosen = from ?? names[0]
  if (chosen !== undefined && names.includes(chosen)) return chosen
  throw new PlatformError(
    'USAGE',
    chosen === undefined
      ? `the cluster file of ${name} names no repository`
      : `the cluster file of ${name} has no repository ${chosen}`,
    {
      hint:
        names.length === 0
          ? 'Name it under backup.repositories, where the backups are.'
          : `It has ${list(names)}.`,
    },
  )
}

/** @returns Tag of the image that reads and restores backups. */
export async function buildRestoreImage(
  { progress, signal }: CommandIo,
  { mirror }: Pick<Machine, 'mirror'>,
): Promise<string> {
  const images = await buildImages({ only: ['backup'], mirror, progress, signal })
  return images.find(({ name }) => name === 'backup')?.ref ?? ''
}
