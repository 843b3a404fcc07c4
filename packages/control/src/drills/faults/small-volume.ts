/**
 * A disk of limited size for one member: a file with a file system in it, mounted over the volume that the member
 * has. Nothing of that volume is touched: it is there again when the small one is taken away. The member, started on
 * the empty disk, makes its copy of the primary as any new member does.
 */
import { chown, mkdir, rm, truncate, writeFile, readFile, chmod } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PlatformError } from '@neuronha/core/errors.ts'
import { volumeName } from '@neuronha/core/render/compose.ts'
import { CONTAINER_UID } from '@neuronha/core/topology/containers.ts'
import { runOk } from '@neuronha/runtime/exec.ts'
import { containersHere } from './containers-here.ts'

const STOP_SECONDS = 30

export interface SmallVolume {
  readonly container: string
  /** The volume's folder on this machine. */
  readonly mountPoint: string
  /** The file that holds the small file system. */
  readonly image: string
}

/** Where the engine keeps a member's volume on this machine. */
export async function findVolumeFolder(container: string): Promise<string> {
  const args = ['volume', 'inspect', '--format', '{{.Mountpoint}}', volumeName(container)]
  const { stdout } = await runOk('docker', args)
  return stdout.trim()
}

/** Bytes that a folder holds. */
export async function bytesIn(folder: string): Promise<number> {
  const { stdout } = await runOk('du', ['--summarize', '--block-size=1', folder])
  return Number(stdout.split('\t')[0])
}

/** Stops the member and gives it an empty disk of this size; it does not start it. */
export async function limitVolume(volume: SmallVolume, bytes: number): Promise<void> {
  await assertTools()
  await containersHere.stop([volume.container], STOP_SECONDS)
  await mkdir(dirname(volume.image), { recursive: true, mode: 0o700 })
  await writeFile(volume.image, '', { mode: 0o600 })
  await truncate(volume.image, bytes)
  await runOk('mkfs.ext4', ['-q', '-F', '-m', '0', volume.image])
  await runOk('mount', ['-o', 'loop,nosuid,nodev', volume.image, volume.mountPoint])
  await chown(volume.mountPoint, CONTAINER_UID, CONTAINER_UID)
  await chmod(volume.mountPoint, 0o700)
}

/** Takes the small disk away and starts the member on its own. Nothing left to take away is success. */
export async function unlimitVolume(volume: SmallVolume): Promise<void> {
  if (await isMounted(volume.mountPoint)) {
    await containersHere.stop([volume.container], STOP_SECONDS)
    await runOk('umount', [volume.mountPoint])
  }
  await rm(volume.image, { force: true })
  await containersHere.start([volume.container])
}

/** The engine mounts no volume of the kind we make, so a mount at its folder is ours. */
async function isMounted(mountPoint: string): Promise<boolean> {
  const mounts = await readFile('/proc/self/mounts', 'utf8')
  return mounts.split('\n').some((line) => line.split(' ')[1] === mountPoint)
}

async function assertTools(): Promise<void> {
  try {
    await runOk('mkfs.ext4', ['-V'])
    await runOk('losetup', ['--find'])
  } catch (cause) {
    throw new PlatformError(
      'REFUSED_FOR_SAFETY',
      'this machine cannot make a disk of limited size (mkfs.ext4 and a free loop device are needed)',
      { cause },
    )
  }
}
