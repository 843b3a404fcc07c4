/** For writes that are the same whether they are done once or twice, because they name their own ids. */
import { PlatformError } from '@neuronha/core/errors.ts'

/** Runs `write` again when the answer to its COMMIT was lost. `write` must leave the same state when repeated. */
export const repeatUnknown = async <T>(write: () => Promise<T>): Promise<T> => {
  try {
    return await write()
  } catch (thrown) {
    if (thrown instanceof PlatformError && thrown.code === 'UNKNOWN_OUTCOME') return write()
    throw thrown
  }
}
