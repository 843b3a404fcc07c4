/**
 * The way back of a cluster that a drill destroyed: `recover`, with what a person has whose machine burnt. That is kept in a
 * folder of its own until the cluster is here again, because it holds the only key of the backups.
 */
import { rm } from 'node:fs/promises'
import { PlatformError } from '@neuronha/core/errors.ts'
import { z } from 'zod'
import { createSocketEngine } from '../engine/engine.ts'
import { loadApplied, readTextIfThere, saveApplied, stateFolderOf } from '../state/state-folder.ts'
import type { RunCommand } from './run-command.ts'

export const destroyedCluster = z.object({
  cluster: z.string(),
  /** Folder with what is needed, beside what the cluster file names. */
  kit: z.string(),
  /** The cluster file, and the file with the key of the backups. */
  file: z.string(),
  keyFile: z.string(),
  /** The cluster file as the cluster has it; null: the defaults. */
  source: z.string().nullable(),
  /** Volumes that survive: of a trial store. */
  kept: z.array(z.string()),
})
export type DestroyedCluster = z.infer<typeof destroyedCluster>

const recoverArguments = ({ file, keyFile }: DestroyedCluster): readonly string[] => [
  ...['recover', '-f', file, '--key-file', keyFile, '--old-is-gone'],
]

/** Nothing to do but to put the kit away when the cluster is here. May be done again after any interruption. */
export async function recoverDestroyed(
  destroyed: DestroyedCluster,
  runCommand: RunCommand,
): Promise<void> {
  const { cluster, kit, file, source, kept } = destroyed
  const state = stateFolderOf(cluster)
  const isHere = (await readTextIfThere(state.clusterFile)) !== undefined
  if (!isHere) {
    // What it had not come to: `recover` refuses to come back over data.
    if ((await readTextIfThere(state.restoreFile)) === undefined) await removeAllBut(cluster, kept)
    await runCommand(recoverArguments(destroyed))
  }
  const applied = await loadApplied(state)
  if (applied?.source === file) await saveApplied(state, { ...applied, source })
  await rm(kit, { recursive: true, force: true })
}

/** Volumes of the cluster whose containers are gone. */
export async function removeAllBut(cluster: string, kept: readonly string[]): Promise<void> {
  const engine = createSocketEngine({ cluster })
  for (const volume of await engine.listVolumes())
    if (!kept.includes(volume)) await engine.removeVolume(volume)
}

export const isDestroyed = (destroyed: DestroyedCluster): PlatformError =>
  new PlatformError(
    'REFUSED_FOR_SAFETY',
    `a drill destroyed ${destroyed.cluster}, and was interrupted before it was back`,
    {
      hint: `\`./neuronha ${recoverArguments(destroyed).join(' ')}\` brings it back from its backups; \`./neuronha drill heal\` then tidies up. To give it up: \`./neuronha down --volumes --cluster ${destroyed.cluster}\`.`,
    },
  )
