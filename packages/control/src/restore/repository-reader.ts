/** pgBackRest against a cluster's repositories from outside of it: each call is a container of its own that is gone afterwards. */
import { bytesOf } from '@neuronha/core/spec/quantities.ts'
import {
  renderRepositoryAccess,
  RESTORE_COMPONENT,
  type RestoreSides,
} from '@neuronha/core/render/restore.ts'
import { MEMBER_VOLUME_DIR } from '@neuronha/core/render/patroni.ts'
import type { RenderedFiles } from '@neuronha/core/render/files.ts'
import { networkName } from '@neuronha/core/render/compose.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import {
  addressOf,
  containerName,
  containersOf,
  trialRepositoryOf,
} from '@neuronha/core/topology/containers.ts'
import type { Execute } from '../backups/pgbackrest.ts'
import { runOneOff, type OneOff } from '../engine/one-off.ts'
import { writeOwnedFile, type StateFolder } from '../state/state-folder.ts'
import { RESTORE_FOLDER, restoreFolderOf } from './restore-order.ts'

export interface RestoreContainer {
  readonly sides: RestoreSides
  /** Of the target. */
  readonly state: StateFolder
  /** Image of the runners of backups. */
  readonly image: string
  /** Which of the cluster's restores it is: those of whole clusters are 1, of tables 2. Default: 1. */
  readonly ordinal?: 1 | 2
}

/** The container in which repositories are read, and restored from. */
export const restoreContainerOf = (
  { sides: { source, target }, state, image, ordinal = 1 }: RestoreContainer,
  volumes: OneOff['volumes'] = {},
): OneOff => ({
  cluster: target.spec.name,
  component: RESTORE_COMPONENT,
  name: containerName(target.spec.name, RESTORE_COMPONENT, ordinal),
  image,
  ...placeOf(source.spec, ordinal),
  hosts: containersOf(source.spec, 'store'),
  configDir: restoreFolderOf(state),
  volumes,
  // A member holds the lock of its own volume (images/postgres/entrypoint.sh): two servers never meet on the same files.
  lockFile: Object.keys(volumes).length === 0 ? null : `${MEMBER_VOLUME_DIR}/.lock`,
  cpus: target.spec.database.resources.cpus,
  memory: bytesOf(target.spec.database.resources.memory),
})

/** A trial store answers in its cluster's network only, others wherever there is a network. */
const placeOf = (spec: ClusterSpec, ordinal: 1 | 2): Pick<OneOff, 'network' | 'address'> =>
  trialRepositoryOf(spec) === undefined
    ? { network: 'bridge', address: null }
    : { network: networkName(spec.name), address: addressOf(spec, RESTORE_COMPONENT, ordinal) }

export async function writeRestoreFolder(state: StateFolder, files: RenderedFiles): Promise<void> {
  for (const [path, file] of files) await writeOwnedFile(state.restoreDir, path, file)
}

/** How pgBackRest is run from now on. */
export async function openRepositoryReader(container: RestoreContainer): Promise<Execute> {
  const { state, sides } = container
  await writeRestoreFolder(state, renderRepositoryAccess(RESTORE_FOLDER, sides))
  return (command, options) => runOneOff(restoreContainerOf(container), command, options)
}
