/** What drills do to containers: run a command in one, and kill one's first process as a crash would. */
import { readFile } from 'node:fs/promises'
import process from 'node:process'
import { PlatformError } from '@neuronha/core/errors.ts'
import { runOk } from '@neuronha/runtime/exec.ts'
import { inspectContainer } from '../engine/docker.ts'

/** Runs a command inside a container as the container's own user and returns what it printed, trimmed. */
export async function execIn(
  container: string,
  command: readonly string[],
  input?: string,
): Promise<string> {
  const options = input === undefined ? {} : { input }
  const args = ['exec', ...(input === undefined ? [] : ['--interactive']), container, ...command]
  const { stdout } = await runOk('docker', args, { timeoutMs: 60_000, ...options })
  return stdout.trim()
}

/**
 * SIGKILL from the machine to the first process of a container: the engine sees a crash and restarts it,
 * whereas `docker kill` counts as a stop that the user asked for.
 *
 * @throws PlatformError NO_PERMISSION when this process may not signal it.
 */
export async function killFirstProcess(container: string): Promise<void> {
  const inspection = await inspectContainer(container)
  if (inspection === undefined || inspection.pid <= 1) {
    throw new PlatformError('ENGINE_FAILED', `${container} does not run, so it cannot be killed`)
  }
  // The process id comes from the engine a moment ago; what is killed must still be this container's.
  const control = await readFile(`/proc/${inspection.pid}/cgroup`, 'utf8').catch(() => '')
  if (!control.includes(inspection.id)) {
    throw new PlatformError(
      'ENGINE_FAILED',
      `process ${inspection.pid} is not ${container}’s any more`,
    )
  }
  try {
    process.kill(inspection.pid, 'SIGKILL')
  } catch (cause) {
    throw new PlatformError(
      'NO_PERMISSION',
      `process ${inspection.pid} of ${container} cannot be killed`,
      {
        hint: 'Run the drill as root, or through sudo.',
        cause,
      },
    )
  }
}
