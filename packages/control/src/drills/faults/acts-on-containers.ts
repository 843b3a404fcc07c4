/**
 * The engine's acts that drills use. Each is idempotent: what has nothing to do, or nothing to do it to, is success.
 * A `kill` counts as a stop that somebody wanted, so the engine leaves the container dead.
 */
import { createSocketEngine } from '../../engine/engine.ts'

const engine = createSocketEngine({ cluster: '' })

/** All at once. */
const each = async (
  names: readonly string[],
  act: (name: string) => Promise<void>,
): Promise<void> => {
  await Promise.all(names.map(act))
}

export const startContainers = (names: readonly string[]): Promise<void> =>
  each(names, async (name) => {
    const seen = await engine.inspect(name)
    if (seen === undefined) return
    // The engine refuses to start what is frozen.
    if (seen.paused) await engine.unpause(name)
    await engine.start(name)
  })

export const killContainers = (names: readonly string[]): Promise<void> =>
  each(names, (name) => engine.kill(name))

export const stopContainers = (names: readonly string[], graceSeconds: number): Promise<void> =>
  each(names, (name) => engine.stop(name, graceSeconds))

export const pauseContainer = (name: string): Promise<void> => engine.pause(name)

export async function unpauseContainer(name: string): Promise<void> {
  if ((await engine.inspect(name))?.paused === true) await engine.unpause(name)
}

export const removeContainer = async (name: string): Promise<void> => {
  const seen = await engine.inspect(name)
  if (seen === undefined) return
  // What it was about to do does not count any more.
  if (seen.running) await engine.kill(name)
  await engine.removeContainer(name)
}

export const removeVolume = (name: string): Promise<void> => engine.removeVolume(name)
