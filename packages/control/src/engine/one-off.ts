/**
 * A container of this machine that does one thing and is gone: its output is the caller's, and it ends with the caller. No
 * secret is in its arguments: those are in the folder that it sees as /etc/neuronha.
 */
import { PlatformError } from '@neuronha/core/errors.ts'
import { LABELS } from '@neuronha/core/render/compose.ts'
import { CONFIG_DIR } from '@neuronha/core/render/files.ts'
import { CONTAINER_UID } from '@neuronha/core/topology/containers.ts'
import { run, type RunOptions, type RunResult } from '@neuronha/runtime/exec.ts'
import { createSocketEngine } from './engine.ts'

export interface OneOff {
  readonly cluster: string
  readonly component: string
  readonly name: string
  readonly image: string
  /** The engine's name of it. */
  readonly network: string
  /** There, where nobody else's is; null: whatever the engine chooses. */
  readonly address: string | null
  /** Names that it must know there, with their addresses. */
  readonly hosts: readonly { readonly name: string; readonly address: string }[]
  /** Of this machine. */
  readonly configDir: string
  /** Volume → where it is mounted. */
  readonly volumes: Readonly<Record<string, string>>
  /** A file in one of them whose lock whoever uses that volume holds as long as it runs; null: none is used. */
  readonly lockFile: string | null
  readonly cpus: number
  /** Bytes. */
  readonly memory: number
}

/** Ends so when the lock is taken. */
const IN_USE = 75
const LOCKED = ['flock', '--exclusive', '--nonblock', `--conflict-exit-code=${IN_USE}`]

const runArguments = (oneOff: OneOff): readonly string[] => [
  'run',
  '--rm',
  '--pull=never',
  `--name=${oneOff.name}`,
  `--hostname=${oneOff.name}`,
  `--network=${oneOff.network}`,
  ...(oneOff.address === null ? [] : [`--ip=${oneOff.address}`]),
  ...oneOff.hosts.map(({ name, address }) => `--add-host=${name}:${address}`),
  `--user=${CONTAINER_UID}:${CONTAINER_UID}`,
  '--read-only',
  '--cap-drop=ALL',
  '--security-opt=no-new-privileges:true',
  '--tmpfs=/tmp:mode=1777,size=64m',
  `--tmpfs=/run:uid=${CONTAINER_UID},gid=${CONTAINER_UID},mode=0755,size=16m`,
  '--shm-size=256m',
  `--cpus=${oneOff.cpus}`,
  `--memory=${oneOff.memory}`,
  '--pids-limit=256',
  '--log-driver=none',
  `--label=${LABELS.cluster}=${oneOff.cluster}`,
  `--label=${LABELS.component}=${oneOff.component}`,
  `--volume=${oneOff.configDir}:${CONFIG_DIR}:ro`,
  ...Object.entries(oneOff.volumes).map(([volume, path]) => `--volume=${volume}:${path}`),
]

/** What docker is told, when nothing of an earlier one is left. */
export async function oneOffCommand(
  oneOff: OneOff,
  program: readonly string[],
): Promise<readonly string[]> {
  await createSocketEngine({ cluster: oneOff.cluster }).removeContainer(oneOff.name)
  const locked = oneOff.lockFile === null ? program : [...LOCKED, oneOff.lockFile, ...program]
  const [entrypoint = '', ...rest] = locked
  return [...runArguments(oneOff), `--entrypoint=${entrypoint}`, oneOff.image, ...rest]
}

/**
 * Runs a program in it to its end. What an earlier one of this name left, because its caller was killed, is removed first.
 *
 * @throws PlatformError ENGINE_FAILED when the engine does not start it; CLUSTER_BUSY when somebody else uses the volume.
 */
export async function runOneOff(
  oneOff: OneOff,
  program: readonly string[],
  options: RunOptions,
): Promise<RunResult> {
  const result = await run('docker', await oneOffCommand(oneOff, program), options)
  if (oneOff.lockFile !== null && result.code === IN_USE)
    throw new PlatformError('CLUSTER_BUSY', `another container uses the volume of ${oneOff.name}`, {
      hint: 'Nothing was touched. Stop it, and run the same command again.',
    })
  // The engine's own failure, before the program began.
  if (result.code !== 125) return result
  throw new PlatformError(
    'ENGINE_FAILED',
    `${oneOff.name} does not start: ${result.stderr.trim().slice(0, 400)}`,
    { hint: 'Run the same command again; what is done already is kept.' },
  )
}
