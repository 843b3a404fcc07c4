/** The `neuronha` command: reads the command line, runs one command, translates errors once. */
import { CommanderError } from 'commander'
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import { isColorWanted } from '@neuronha/runtime/load-config.ts'
import { createCliIo, type CliIo } from './cli/io.ts'
import { createProgram } from './cli/program.ts'

/** Codes that only carry an exit code: the command has printed its result already. */
const SAID_ALREADY: ReadonlySet<string> = new Set(['CHANGES_PENDING', 'CLUSTER_DEGRADED'])

async function main(argv: readonly string[]): Promise<number> {
  const commandLine = ['./neuronha', ...argv].join(' ')
  let io: CliIo | undefined
  let exitCode = 0
  const program = createProgram({
    io: ({ json }) => (io = createCliIo({ json, commandLine, colorWanted: isColorWanted() })),
    setExitCode: (code) => (exitCode = code),
  })
  exitOverride(program)
  try {
    await program.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2
    const error = isInterruption(thrown, io)
      ? new PlatformError('INTERRUPTED', 'stopped', { cause: thrown })
      : toPlatformError(thrown)
    io?.close()
    report(error, io?.json ?? false)
    return error.kind.exitCode
  } finally {
    io?.close()
  }
}

/** What ends early because of Ctrl-C says so in Node's words, wherever it waited. */
const isInterruption = (thrown: unknown, io: CliIo | undefined): boolean =>
  io?.signal.aborted === true && thrown instanceof Error && thrown.name === 'AbortError'

function exitOverride(command: ReturnType<typeof createProgram>): void {
  command.exitOverride()
  for (const child of command.commands) exitOverride(child)
}

function report(error: PlatformError, json: boolean): void {
  if (SAID_ALREADY.has(error.code)) return
  if (json) {
    const { code, message, hint, details } = error
    process.stderr.write(`${JSON.stringify({ error: { code, message, hint, details } })}\n`)
    return
  }
  process.stderr.write(`neuronha: ${error.message}\n`)
  if (error.hint !== undefined) process.stderr.write(`  ${error.hint.replaceAll('\n', '\n  ')}\n`)
  if (error.code === 'INTERNAL' && error.cause instanceof Error) {
    process.stderr.write(`${error.cause.stack ?? ''}\n`)
  }
}

process.exitCode = await main(process.argv.slice(2))
