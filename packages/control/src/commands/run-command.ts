/** How a drill runs another command of this program; one about the same cluster is lent its lock for that time. */
import { fileURLToPath } from 'node:url'
import { PlatformError } from '@neuronha/core/errors.ts'
import { lastWords, run } from '@neuronha/runtime/exec.ts'
import type { RunCommand } from '../drills/run-command.ts'
import type { ChangeLock } from './change-lock.ts'
import type { CommandIo } from './context.ts'

const PROGRAM = fileURLToPath(new URL('../main.ts', import.meta.url))
const COMMAND_TIMEOUT_MS = 900_000
/** A database of terabytes takes a day. */
export const LONGEST_RESTORE_MS = 48 * 3_600_000

/** Runs `neuronha <args> --cluster <name>` to its end; fails with COMMAND_FAILED and its last words. */
export const createRunCommand =
  (io: CommandIo, cluster: string, lock: ChangeLock): RunCommand =>
  (args, options = {}) =>
    lock.lend((env) =>
      runProgram(io, [...args, '--cluster', cluster], {
        ...options,
        env,
        timeoutMs: args[0] === 'recover' ? LONGEST_RESTORE_MS : COMMAND_TIMEOUT_MS,
      }),
    )

export interface RunProgramOptions {
  readonly killOn?: AbortSignal
  readonly env?: Readonly<Record<string, string>>
  /** Default: a quarter of an hour. */
  readonly timeoutMs?: number
}

/** The same for a command about another cluster, whose lock it takes for itself. */
export async function runProgram(
  io: CommandIo,
  args: readonly string[],
  { killOn, env, timeoutMs = COMMAND_TIMEOUT_MS }: RunProgramOptions = {},
): Promise<void> {
  const result = await run(process.execPath, [PROGRAM, ...args], {
    timeoutMs,
    ...(env === undefined ? {} : { env }),
    ...(killOn === undefined ? {} : { killOn }),
    // A heal that runs because of the interruption is not interrupted by it.
    ...(io.signal.aborted ? {} : { signal: io.signal }),
  })
  if (result.code === 0 || killOn?.aborted === true) return
  throw new PlatformError(
    'COMMAND_FAILED',
    `neuronha ${args.join(' ')} failed (exit ${result.code}): ${lastWords(result)}`,
    { details: { exitCode: result.code } },
  )
}
