/** The terminal: what commands print to, ask, and are interrupted by. */
import { isatty } from 'node:tty'
import { confirm, isCancel, text } from '@clack/prompts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { createProgressPrinter, silentProgress, type ProgressPrinter } from '../setup/progress.ts'
import type { CommandIo } from '../commands/context.ts'

export interface CliIo extends CommandIo {
  readonly close: () => void
}

const DEFAULT_WIDTH = 100

/** Results to stdout, progress to stderr, Ctrl-C as an abort signal. */
export function createCliIo(options: {
  json: boolean
  commandLine: string
  colorWanted: boolean
}): CliIo {
  const abort = new AbortController()
  const onSignal = (): void => abort.abort()
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  const isOutTerminal = isatty(process.stdout.fd)
  const isTerminal = isatty(process.stdin.fd) && isOutTerminal
  const isQuiet = options.json && !isatty(process.stderr.fd)
  const printer: ProgressPrinter = isQuiet
    ? { ...silentProgress, close: () => undefined }
    : createProgressPrinter({ stream: process.stderr })
  return {
    out: (result) => {
      printer.close()
      process.stdout.write(`${result}\n`)
    },
    progress: printer,
    warn: (warning) => {
      if (isQuiet) process.stderr.write(`${JSON.stringify({ warning })}\n`)
      else printer.say(`! ${warning}`)
    },
    json: options.json,
    color: options.colorWanted && isOutTerminal,
    width: isOutTerminal ? process.stdout.columns : DEFAULT_WIDTH,
    isTerminal,
    signal: abort.signal,
    confirm: (question) => confirmOn(question, isTerminal, printer),
    ask: async (question) => {
      printer.close()
      if (!isTerminal) return ''
      const answer = await text({ message: question })
      return isCancel(answer) ? '' : answer.trim()
    },
    cwd: process.cwd(),
    commandLine: options.commandLine,
    close: () => {
      printer.close()
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
    },
  }
}

async function confirmOn(
  question: string,
  isTerminal: boolean,
  printer: ProgressPrinter,
): Promise<boolean> {
  printer.close()
  if (!isTerminal) {
    throw new PlatformError('REFUSED_FOR_SAFETY', question.replace(/ Go on\?$/, ''), {
      hint: 'There is no terminal to ask on; pass --yes to agree beforehand.',
    })
  }
  const answer = await confirm({ message: question, initialValue: false })
  return !isCancel(answer) && answer
}
