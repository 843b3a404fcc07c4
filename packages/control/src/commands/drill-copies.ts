/** Copies of a cluster for its drills: restored as people restore, by the same commands. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PlatformError } from '@neuronha/core/errors.ts'
import type { Copies } from '../drills/copies.ts'
import { assertNothingHere, assertNoVolumes } from '../restore/assert-nothing-here.ts'
import { smallestCopyFile } from '../restore/copy-cluster-file.ts'
import { findPlaces } from '../restore/find-places.ts'
import {
  loadApplied,
  readTextIfThere,
  stateFolderOf,
  writeAtomically,
} from '../state/state-folder.ts'
import { openCluster, type CommandIo, type OpenCluster } from './context.ts'
import { openDrillDatabase } from './drill-session.ts'
import { LONGEST_RESTORE_MS, runProgram } from './run-command.ts'

export const createCopies = (
  io: CommandIo,
  { spec, state }: Pick<OpenCluster, 'spec' | 'state'>,
): Copies => ({
  assertNone: async (name) => {
    await assertNothingHere(stateFolderOf(name))
    await assertNoVolumes(name)
  },
  draw: async (name, folder) => {
    const text = (await readTextIfThere(state.clusterFile)) ?? ''
    const file = join(folder, `${name}.yaml`)
    const places = { name, ...(await findPlaces(spec)) }
    await writeAtomically(file, smallestCopyFile(text, spec, places), 0o600)
    return file
  },
  restore: (file, to) =>
    runProgram(io, ['restore', '--cluster', spec.name, '--to', to, '--into', file], {
      timeoutMs: LONGEST_RESTORE_MS,
    }),
  resultOf: async (name) => (await loadApplied(stateFolderOf(name)))?.restored?.result,
  open: async (name) => openDrillDatabase(await openCluster(io, { cluster: name })),
  remove: async (name) => {
    if (name === spec.name)
      throw new PlatformError('INTERNAL', `${name} is no copy, it is the cluster itself`)
    await runProgram(io, ['down', '--cluster', name, '--volumes', '--yes'])
    // Reports of drills stay where there are any; a copy has none.
    await rm(stateFolderOf(name).root, { recursive: true, force: true })
  },
})
