/** A restore makes a new cluster. What is here is somebody's: it is neither overwritten nor mixed with. */
import { PlatformError } from '@neuronha/core/errors.ts'
import { createSocketEngine } from '../engine/engine.ts'
import { list } from '../observe/words.ts'
import { readTextIfThere, type StateFolder } from '../state/state-folder.ts'

/** @throws PlatformError REFUSED_FOR_SAFETY when this machine knows a cluster of this name. */
export async function assertNothingHere(state: StateFolder): Promise<void> {
  const { cluster } = state
  // Secrets alone are the beginning of a restore that was interrupted: `up` writes both.
  if ((await readTextIfThere(state.clusterFile)) === undefined) return
  throw new PlatformError('REFUSED_FOR_SAFETY', `the cluster ${cluster} is on this machine`, {
    hint: `\`./neuronha up\` starts it again with its data; \`./neuronha restore --as NAME\` makes a copy beside it. If it is to be thrown away: \`./neuronha down --volumes --cluster ${cluster}\`, which takes its trial store along, and the backups in it.`,
  })
}

/**
 * @param except Volumes that may be there.
 * @throws PlatformError REFUSED_FOR_SAFETY when others of a cluster of this name are.
 */
export async function assertNoVolumes(
  cluster: string,
  except: readonly string[] = [],
): Promise<void> {
  const volumes = await createSocketEngine({ cluster }).listVolumes()
  const left = volumes.filter((name) => !except.includes(name))
  if (left.length === 0) return
  throw new PlatformError(
    'REFUSED_FOR_SAFETY',
    `this machine still has data of a cluster ${cluster}: ${list(left)}`,
    {
      hint: 'Nothing was touched. Is it really lost? Its state folder may be in a copy of /var/lib/neuronha. If its data is to be thrown away, remove these volumes by `docker volume rm`.',
    },
  )
}
