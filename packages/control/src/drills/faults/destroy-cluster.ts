/** Takes a whole cluster away from this machine, as a machine that burnt does: all but what is to survive. */
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { allContainers, containersOf } from '@neuronha/core/topology/containers.ts'
import { createSocketEngine } from '../../engine/engine.ts'
import { forgetCluster, stateFolderOf } from '../../state/state-folder.ts'
import { removeAllBut } from '../recover-destroyed.ts'
import { containersHere } from './containers-here.ts'

/**
 * Kills every container at once, then removes them, the state folder and their volumes. The trial store stays, as a store
 * elsewhere would; so do the reports of drills, and what runs in the cluster's network without being a part of it.
 *
 * @param kept Volumes that stay.
 */
export async function destroyCluster(
  spec: ClusterSpec,
  kept: readonly string[],
  onKilled: () => void,
): Promise<void> {
  const engine = createSocketEngine({ cluster: spec.name })
  const stores = containersOf(spec, 'store').map(({ name }) => name)
  const names = allContainers(spec)
    .map(({ name }) => name)
    .filter((name) => !stores.includes(name))
  await containersHere.kill(names)
  onKilled()
  for (const name of names) await engine.removeContainer(name)
  // Before the volumes: what is known here, and has no data, would be started with an empty database.
  await forgetCluster(stateFolderOf(spec.name))
  await removeAllBut(spec.name, kept)
}
