/**
 * The way back from a fault, as data: it is written down before the fault is made, and can be carried out by another
 * process, at any time, any number of times. What has nothing left to mend is no failure.
 */
import { toPlatformError } from '@neuronha/core/errors.ts'
import { z } from 'zod'
import { writeAtomically } from '../state/state-folder.ts'
import type { Copies } from './copies.ts'
import type { ContainerActs } from './faults/acts-on-containers.ts'
import { removeContainer, removeVolume } from './faults/containers-here.ts'
import { mendDamage } from './faults/damaged-object.ts'
import { destroyedCluster, recoverDestroyed } from './recover-destroyed.ts'
import { execIn } from './faults/exec-in.ts'
import { connect, unblockAddresses } from './faults/network.ts'
import type { RunCommand } from './run-command.ts'
import { unlimitVolume } from './faults/small-volume.ts'
import { continueProcesses } from './faults/processes.ts'

const container = z.string().min(1)

export const healStep = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('start'), container }),
  z.object({ kind: z.literal('unpause'), container }),
  z.object({ kind: z.literal('continue'), container }).describe('SIGCONT to all its processes'),
  z.object({ kind: z.literal('remove'), container }),
  z.object({
    kind: z.literal('connect'),
    container,
    network: z.string(),
    address: z.string(),
    alias: z.string(),
  }),
  z.object({ kind: z.literal('unblock'), container, addresses: z.array(z.string()) }),
  z
    .object({ kind: z.literal('mend-object'), container, path: z.string() })
    .describe('A file of the trial store that was damaged becomes what it was'),
  z.object({ kind: z.literal('delete-file'), container, path: z.string() }),
  z
    .object({ kind: z.literal('restore-file'), path: z.string(), text: z.string() })
    .describe('A cluster file that a command of the drill changed'),
  z.object({ kind: z.literal('remove-volume'), volume: z.string() }),
  z
    .object({ kind: z.literal('unlimit'), container, mountPoint: z.string(), image: z.string() })
    .describe('Takes a member’s small volume away; below it is the volume that it had'),
  z
    .object({ kind: z.literal('remove-copy'), cluster: z.string() })
    .describe('A cluster that was restored beside this one'),
  z
    .object({ kind: z.literal('recover'), ...destroyedCluster.shape })
    .describe('The cluster was destroyed: only `recover` brings it back'),
  z
    .object({ kind: z.literal('command'), args: z.array(z.string()) })
    .describe('A command of this program, which takes the cluster’s lock for itself'),
])
export type HealStep = z.infer<typeof healStep>

/** What heals: the acts that a controller may do too, and commands of this program. */
export interface Healer {
  readonly containers: ContainerActs
  readonly runCommand: RunCommand
  readonly copies: Pick<Copies, 'remove'>
}

/** Carries out every step in order, whatever becomes of the others. Returns what could not be mended. */
export async function heal(steps: readonly HealStep[], healer: Healer): Promise<readonly string[]> {
  const problems: string[] = []
  for (const step of steps) {
    try {
      await healOne(step, healer)
    } catch (thrown) {
      problems.push(toPlatformError(thrown).message)
    }
  }
  return problems
}

async function healOne(step: HealStep, { containers, runCommand, copies }: Healer): Promise<void> {
  switch (step.kind) {
    case 'start':
      return containers.start([step.container])
    case 'unpause':
      return containers.unpause(step.container)
    case 'continue':
      return continueProcesses(step.container)
    case 'remove':
      return removeContainer(step.container)
    case 'connect':
      return connect(step)
    case 'unblock':
      return unblockAddresses(step.container, step.addresses)
    case 'command':
      return runCommand(step.args)
    case 'remove-copy':
      return copies.remove(step.cluster)
    case 'recover':
      return recoverDestroyed(step, runCommand)
    default:
      return mendStored(step)
  }
}

type StoredStep = Extract<
  HealStep,
  { kind: 'delete-file' | 'mend-object' | 'restore-file' | 'remove-volume' | 'unlimit' }
>

/** Files and volumes. */
async function mendStored(step: StoredStep): Promise<void> {
  switch (step.kind) {
    case 'delete-file':
      await execIn(step.container, ['rm', '-f', step.path])
      return
    case 'mend-object':
      return mendDamage(step.container, step.path)
    case 'restore-file':
      return writeAtomically(step.path, step.text, 0o644)
    case 'remove-volume':
      return removeVolume(step.volume)
    case 'unlimit':
      return unlimitVolume(step)
  }
}
