/** Puts a cluster's sealed secrets beside its backups, and reads them back. */
import { PlatformError } from '@neuronha/core/errors.ts'
import { repositoryName } from '@neuronha/core/render/pgbackrest.ts'
import type { ClusterSecrets } from '@neuronha/core/secrets.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { numberOf, type Pgbackrest } from '../backups/pgbackrest.ts'
import { sealSecrets } from './sealed-secrets.ts'

/** Apart from what pgBackRest keeps; several clusters may share a place. */
const pathOf = (cluster: string): string => `neuronha/${cluster}/secrets.sealed`

/**
 * Into every repository, as they are now. pgBackRest does not encrypt it once more: it would want a passphrase among its
 * arguments.
 */
export async function putSealedSecrets(
  pgbackrest: Pgbackrest,
  spec: ClusterSpec,
  secrets: ClusterSecrets,
  signal: AbortSignal,
): Promise<void> {
  const input = sealSecrets(spec.name, secrets, new Date())
  for (const index of spec.backup.repositories.keys()) {
    const number = numberOf(repositoryName(index))
    const options = [`--repo=${number}`, `--repo${number}-cipher-type=none`]
    await pgbackrest.run([...options, 'repo-put', pathOf(spec.name)], { input, signal })
  }
}

/** @returns Undefined: there are none in this repository. */
export async function getSealedSecrets(
  pgbackrest: Pgbackrest,
  cluster: string,
  repository: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const options = [`--repo=${numberOf(repository)}`, '--raw', '--ignore-missing']
  try {
    return await pgbackrest.run([...options, 'repo-get', pathOf(cluster)], { signal })
  } catch (thrown) {
    // It ends so, without a word, when the file is not there.
    if (thrown instanceof PlatformError && thrown.details?.['code'] === 1) return undefined
    throw thrown
  }
}
