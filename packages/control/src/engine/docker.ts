/** One look at one container of this machine, for commands and drills that hold no Engine. */
import { createSocketEngine, type EngineInspection } from './engine.ts'

/** One container, or undefined when there is none of that name. */
export const inspectContainer = (name: string): Promise<EngineInspection | undefined> =>
  createSocketEngine({ cluster: '' }).inspect(name)
