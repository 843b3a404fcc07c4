/**
 * The folders of the members' volumes that a restore in place moves: `data` is the member's, `before-restore` what it was
 * before, `undone` what an undo is about to throw away. Each move is a rename, and each can be done again.
 */
import { PlatformError } from '@neuronha/core/errors.ts'
import { volumeName } from '@neuronha/core/render/compose.ts'
import { MEMBER_VOLUME_DIR } from '@neuronha/core/render/patroni.ts'
import { containersOf } from '@neuronha/core/topology/containers.ts'
import { lastWords, run } from '@neuronha/runtime/exec.ts'
import { runOneOff } from '../engine/one-off.ts'
import { restoreContainerOf, type RestoreContainer } from './repository-reader.ts'

const MOVE_MS = 60_000
/** Terabytes take their time. */
const REMOVE_MS = 6 * 3_600_000

/** One that never had data has none to set aside. */
const ASIDE = '[ -e before-restore ] || [ ! -e data ] || mv data before-restore'
const BACK =
  'rm -rf restoring; if [ -e before-restore ]; then if [ -e data ]; then rm -rf undone && mv data undone; fi && mv before-restore data; fi'
const DROP_OLD = 'rm -rf before-restore'
const DROP_UNDONE = 'rm -rf undone'

/** In the volumes of members that do not run. */
async function inEachVolume(
  container: RestoreContainer,
  script: string,
  signal: AbortSignal,
): Promise<void> {
  for (const { name } of containersOf(container.sides.target.spec, 'member')) {
    const oneOff = restoreContainerOf(container, { [volumeName(name)]: MEMBER_VOLUME_DIR })
    const command = ['sh', '-ec', `cd ${MEMBER_VOLUME_DIR}; ${script}; sync .`]
    const result = await runOneOff(oneOff, command, { timeoutMs: MOVE_MS, signal })
    if (result.code === 0) continue
    throw new PlatformError('COMMAND_FAILED', `${name}: ${lastWords(result)}`, {
      hint: 'Run the same command again: what is done already stays done.',
    })
  }
}

export const setDataAside = (container: RestoreContainer, signal: AbortSignal): Promise<void> =>
  inEachVolume(container, ASIDE, signal)

export const putDataBack = (container: RestoreContainer, signal: AbortSignal): Promise<void> =>
  inEachVolume(container, BACK, signal)

/** In members that run. */
async function inEachMember(
  members: readonly string[],
  script: string,
  signal: AbortSignal,
): Promise<void> {
  for (const name of members) {
    const command = ['exec', name, 'sh', '-ec', `cd ${MEMBER_VOLUME_DIR}; ${script}`]
    const result = await run('docker', command, { timeoutMs: REMOVE_MS, signal })
    if (result.code === 0) continue
    throw new PlatformError('COMMAND_FAILED', `${name}: ${lastWords(result)}`, {
      hint: 'Run the same command again when every member runs.',
    })
  }
}

export const dropOldData = (members: readonly string[], signal: AbortSignal): Promise<void> =>
  inEachMember(members, DROP_OLD, signal)

export const dropUndoneData = (members: readonly string[], signal: AbortSignal): Promise<void> =>
  inEachMember(members, DROP_UNDONE, signal)
