/**
 * Signals from the machine to processes inside containers. The engine is not asked to signal: it would take even a
 * SIGCONT for a stop that the user wanted, and would not restart the container when it crashes later.
 */
import { readdir, readFile } from 'node:fs/promises'
import process from 'node:process'
import { PlatformError } from '@neuronha/core/errors.ts'
import { inspectContainer } from '../../engine/docker.ts'

export interface ContainerProcess {
  /** On the machine. */
  readonly pid: number
  readonly args: readonly string[]
}

export type ProcessFilter = (process: ContainerProcess) => boolean

/** The server process itself, not one of its children, whose titles begin with `postgres:`. */
export const isPostmaster: ProcessFilter = ({ args }) =>
  args[0]?.endsWith('/postgres') === true && args.includes('-D')

export const isPatroni: ProcessFilter = ({ args }) =>
  args.slice(0, 3).some((argument) => argument === 'patroni' || argument.endsWith('/patroni'))

/** The one that replays WAL on a standby. */
export const isStartupProcess: ProcessFilter = ({ args }) =>
  /^postgres: (\S+: )?startup\b/.test(args[0] ?? '')

/** Serves a client that logged in as this role. */
export const isBackendOf =
  (role: string): ProcessFilter =>
  ({ args }) =>
    new RegExp(String.raw`^postgres: (\S+: )?${role} `).test(args[0] ?? '')

/** Processes of a running container that pass the filter. */
export async function findProcesses(
  container: string,
  filter: ProcessFilter,
): Promise<readonly ContainerProcess[]> {
  const inspection = await inspectContainer(container)
  if (inspection?.running !== true) return []
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(pids.map((pid) => readProcess(Number(pid), inspection.id)))
  return found.filter((each) => each !== undefined).filter(filter)
}

/** A process if it is still there and belongs to that container. */
async function readProcess(
  pid: number,
  containerId: string,
): Promise<ContainerProcess | undefined> {
  const read = (file: string): Promise<string> =>
    readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')
  if (!(await read('cgroup')).includes(containerId)) return undefined
  const args = (await read('cmdline')).split('\0').filter((argument) => argument !== '')
  return args.length === 0 ? undefined : { pid, args }
}

/**
 * Signals every process of a container that passes the filter.
 *
 * @throws PlatformError ENGINE_FAILED when there is none; NO_PERMISSION when this process may not signal it.
 */
export async function signalProcesses(
  container: string,
  filter: ProcessFilter,
  signal: NodeJS.Signals,
): Promise<void> {
  const found = await findProcesses(container, filter)
  if (found.length === 0) {
    throw new PlatformError('ENGINE_FAILED', `${container} has no such process to send ${signal}`)
  }
  for (const { pid } of found) sendSignal(pid, signal, container)
}

/** Lets every stopped process of a container go on; one that runs is not touched by it. */
export async function continueProcesses(container: string): Promise<void> {
  for (const { pid } of await findProcesses(container, () => true)) {
    sendSignal(pid, 'SIGCONT', container)
  }
}

/**
 * SIGKILL to the first process of a container: the engine sees a crash and restarts it, whereas `docker kill`
 * counts as a stop that the user asked for.
 */
export const killFirstProcess = (container: string): Promise<void> =>
  signalFirstProcess(container, 'SIGKILL')

export async function signalFirstProcess(container: string, signal: NodeJS.Signals): Promise<void> {
  const inspection = await inspectContainer(container)
  if (inspection === undefined || inspection.pid <= 1) {
    throw new PlatformError(
      'ENGINE_FAILED',
      `${container} does not run: it cannot be sent ${signal}`,
    )
  }
  // The process id comes from the engine a moment ago; what is signalled must still be this container's.
  await signalProcesses(container, ({ pid }) => pid === inspection.pid, signal)
}

function sendSignal(pid: number, signal: NodeJS.Signals, container: string): void {
  try {
    process.kill(pid, signal)
  } catch (cause) {
    // It ended by itself in the meantime.
    if (cause instanceof Error && 'code' in cause && cause.code === 'ESRCH') return
    throw new PlatformError(
      'NO_PERMISSION',
      `process ${pid} of ${container} cannot be sent ${signal}`,
      { hint: 'Run the drill as root, or through sudo.', cause },
    )
  }
}
