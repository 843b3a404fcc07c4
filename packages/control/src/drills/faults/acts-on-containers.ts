/**
 * The engine's acts that drills use. Each is idempotent: what has nothing to do, or nothing to do it to, is success.
 * A `kill` counts as a stop that somebody wanted, so the engine leaves the container dead. Nothing here needs more than
 * the engine proxy lets through.
 */
import type { Engine, EngineInspection } from '../../engine/engine.ts'

export interface ContainerActs {
  readonly inspect: (name: string) => Promise<EngineInspection | undefined>
  /** All at once; what is frozen goes on. */
  readonly start: (names: readonly string[]) => Promise<void>
  readonly kill: (names: readonly string[]) => Promise<void>
  readonly stop: (names: readonly string[], graceSeconds: number) => Promise<void>
  readonly pause: (name: string) => Promise<void>
  readonly unpause: (name: string) => Promise<void>
}

type Acting = Pick<Engine, 'inspect' | 'start' | 'stop' | 'kill' | 'pause' | 'unpause'>

const each = async (
  names: readonly string[],
  act: (name: string) => Promise<void>,
): Promise<void> => {
  await Promise.all(names.map(act))
}

export const createContainerActs = (engine: Acting): ContainerActs => ({
  inspect: (name) => engine.inspect(name),
  start: (names) =>
    each(names, async (name) => {
      const seen = await engine.inspect(name)
      if (seen === undefined) return
      // The engine refuses to start what is frozen.
      if (seen.paused) await engine.unpause(name)
      await engine.start(name)
    }),
  kill: (names) => each(names, (name) => engine.kill(name)),
  stop: (names, graceSeconds) => each(names, (name) => engine.stop(name, graceSeconds)),
  pause: (name) => engine.pause(name),
  unpause: async (name) => {
    if ((await engine.inspect(name))?.paused === true) await engine.unpause(name)
  },
})
