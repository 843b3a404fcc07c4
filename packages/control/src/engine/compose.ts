/** The cluster's life cycle through Docker Compose. */
import { PlatformError } from '@neuronha/core/errors.ts'
import { run, lastWords } from '@neuronha/runtime/exec.ts'
import type { StateFolder } from '../state/state-folder.ts'

/** Long enough for a member to shut down; everything else is far quicker. */
const TIMEOUT_MS = 180_000
const RELOAD_TIMEOUT_MS = 10_000

const compose = async (
  state: StateFolder,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<void> => {
  const all = ['compose', '--project-name', state.cluster, '--file', state.composeFile, ...args]
  const result = await run('docker', all, {
    timeoutMs: TIMEOUT_MS,
    ...(signal === undefined ? {} : { signal }),
  })
  if (result.code !== 0) {
    throw new PlatformError(
      'ENGINE_FAILED',
      `docker ${args.join(' ')} failed: ${lastWords(result)}`,
      {
        hint: 'Run the same command again; what is done already is kept.',
      },
    )
  }
}

/** Compose's name of a container: `member-1` of `neurondb-member-1`. */
export const composeServiceOf = (state: StateFolder, container: string): string =>
  container.slice(state.cluster.length + 1)

/** Creates, recreates or starts these containers, whatever each needs. */
export const composeUp = (
  state: StateFolder,
  containers: readonly string[],
  signal?: AbortSignal,
): Promise<void> => bring(state, containers, '--detach', signal)

/** Creates or recreates these containers, and leaves them stopped. */
export const composeCreate = (
  state: StateFolder,
  containers: readonly string[],
  signal?: AbortSignal,
): Promise<void> => bring(state, containers, '--no-start', signal)

const bring = (
  state: StateFolder,
  containers: readonly string[],
  how: '--detach' | '--no-start',
  signal?: AbortSignal,
): Promise<void> =>
  compose(
    state,
    [
      'up',
      how,
      '--no-deps',
      '--no-build',
      '--pull',
      'never',
      '--quiet-pull',
      ...containers.map((name) => composeServiceOf(state, name)),
    ],
    signal,
  )

/**
 * Has a container's first process read its files anew. From inside: a signal that the engine sends counts as a wish to
 * end the container where its image names no stop signal.
 */
export async function reloadProcess(container: string): Promise<void> {
  const args = ['exec', container, 'sh', '-c', 'kill -HUP 1']
  const sent = await run('docker', args, { timeoutMs: RELOAD_TIMEOUT_MS })
  if (sent.code !== 0)
    throw new PlatformError('ENGINE_FAILED', `cannot reload ${container}: ${lastWords(sent)}`)
}

/** Stops and removes every container and the network; volumes stay. */
export const composeDown = (state: StateFolder, signal?: AbortSignal): Promise<void> =>
  compose(state, ['down', '--remove-orphans'], signal)
