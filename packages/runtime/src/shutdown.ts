/** Runs a process until it is told to stop, then closes what it opened, in order and in bounded time. */
import type { Logger } from './logger.ts'

export interface RunOptions {
  readonly logger: Logger
  /** Called once, on SIGTERM or SIGINT. */
  readonly stop: () => Promise<void>
  /** When `stop` has not ended by then the process leaves anyway, exit code 1. */
  readonly limitMs: number
}

const exit = (code: number): never => process.exit(code)

/** Resolves when the process has been told to stop and has stopped. A second signal leaves at once. */
export const runUntilSignal = async ({ logger, stop, limitMs }: RunOptions): Promise<void> => {
  const signal = await new Promise<string>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => resolve(name))
  })
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => exit(1))
  logger.info({ signal }, 'stopping')
  const limit = setTimeout(() => {
    logger.error('stopping took too long')
    exit(1)
  }, limitMs)
  await stop()
  clearTimeout(limit)
  logger.info('stopped')
}

/** A process that cannot start says why, as a log line, and ends with the error's exit code. */
export const failStart = (logger: Logger, thrown: unknown): never => {
  logger.fatal({ err: thrown }, 'cannot start')
  return exit(1)
}
