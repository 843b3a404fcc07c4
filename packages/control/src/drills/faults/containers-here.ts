/** Containers of this machine, over the engine's own socket: for what a controller may not do, and only commands can. */
import { createSocketEngine } from '../../engine/engine.ts'
import { createContainerActs } from './acts-on-containers.ts'

const engine = createSocketEngine({ cluster: '' })

export const containersHere = createContainerActs(engine)

export const removeContainer = async (name: string): Promise<void> => {
  const seen = await engine.inspect(name)
  if (seen === undefined) return
  // What it was about to do does not count any more.
  if (seen.running) await engine.kill(name)
  await engine.removeContainer(name)
}

export const removeVolume = (name: string): Promise<void> => engine.removeVolume(name)
