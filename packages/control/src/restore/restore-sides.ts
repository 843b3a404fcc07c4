/** Whose backups a restore reads, and how: a cluster on this machine, or the very one that comes back. */
import type { RestoreOrder } from '@neuronha/core/contracts/restore.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import type { RestoreSides } from '@neuronha/core/render/restore.ts'
import { readExternalSecrets } from '../apply/desired.ts'
import { loadAppliedSource, type OpenCluster } from '../commands/context.ts'
import { loadSecrets, stateFolderOf } from '../state/state-folder.ts'

/**
 * @param baseDir Folder that paths in the target's cluster file start from.
 * @throws PlatformError CLUSTER_ABSENT when the source is not on this machine any more.
 */
export async function restoreSidesOf(
  { source }: Pick<RestoreOrder, 'source'>,
  target: Pick<OpenCluster, 'spec' | 'secrets'>,
  baseDir: string,
): Promise<RestoreSides> {
  const { spec } = target
  if (source === spec.name) {
    const { repositories } = await readExternalSecrets(spec, baseDir)
    return { source: target, credentials: repositories, target }
  }
  const found = await openSource(source)
  const { repositories } = await readExternalSecrets(found.spec, found.baseDir)
  return { source: found, credentials: repositories, target }
}

async function openSource(name: string) {
  const applied = await loadAppliedSource(name)
  const secrets = await loadSecrets(stateFolderOf(name))
  if (applied !== undefined && secrets !== undefined)
    return { spec: applied.spec, secrets, baseDir: applied.baseDir }
  throw new PlatformError(
    'CLUSTER_ABSENT',
    `the cluster ${name}, whose backups are to be restored, is not on this machine any more`,
    { hint: 'Bring it up again, and run the same command once more.' },
  )
}
