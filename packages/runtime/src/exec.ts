/**
 * Runs other programs: never through a shell, always with a bound on time and captured output, and
 * with an end that leaves nothing behind (the whole process group is ended on time-out or abort).
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { StringDecoder } from 'node:string_decoder'

import { PlatformError } from '@neuronha/core/errors.ts'

export interface RunOptions {
  /** Written to the program's standard input, which is closed afterwards. Default: empty input. */
  readonly input?: string | Uint8Array
  /** After this long the program is ended and the call fails. Default: 60,000. */
  readonly timeoutMs?: number
  /** Added to the environment of this process. Never a secret that other users must not see. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly signal?: AbortSignal
  /** Kills the program (SIGKILL) without a word when aborted; it then ends as any killed one, code 137. */
  readonly killOn?: AbortSignal
  /** Called with each line as it comes, of both streams. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void
}

export interface RunResult {
  readonly stdout: string
  readonly stderr: string
  /** The exit code; 128 + n when signal n ended the program. */
  readonly code: number
}

const DEFAULT_TIMEOUT_MS = 60_000
/** Between asking a program to end and ending it. */
const GRACE_MS = 3_000
/** Output past this many characters is still handed to `onLine`, but only its end is kept. */
const MAX_CAPTURED = 32 * 1024 * 1024
const SIGNAL_NUMBERS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
}

/**
 * Runs a program to its end and returns what it printed and its exit code, whatever the code is.
 *
 * @throws PlatformError COMMAND_FAILED when it cannot be started or takes longer than `timeoutMs`;
 *   INTERRUPTED when `signal` aborts it.
 */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const shown = showCommand(command, args)
  if (options.signal?.aborted === true) throw interrupted(command, options.signal)

  const child = spawn(command, args, {
    // A group of its own, so that its children end with it, and Ctrl-C on our terminal reaches us alone.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    // eslint-disable-next-line n/no-process-env -- a child inherits the whole environment; nothing is read from it here
    ...(options.env === undefined ? {} : { env: { ...process.env, ...options.env } }),
  })
  const stdout = capture(child, 'stdout', options.onLine)
  const stderr = capture(child, 'stderr', options.onLine)
  // The program may end without reading its input; that shows in its exit code, not here.
  child.stdin.on('error', () => undefined)
  child.stdin.end(options.input ?? '')

  const ended = await waitForEnd(child, shown, options)
  return { stdout: stdout(), stderr: stderr(), code: ended }
}

/**
 * As `run`, for programs whose failure is the caller's failure: an exit code other than 0 is thrown.
 *
 * @throws PlatformError COMMAND_FAILED with the last lines that the program printed.
 */
export async function runOk(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const result = await run(command, args, options)
  if (result.code === 0) return result

  const shown = showCommand(command, args)
  throw new PlatformError(
    'COMMAND_FAILED',
    `${shown} failed (exit ${result.code}): ${lastWords(result)}`,
    {
      details: { command: shown, code: result.code },
    },
  )
}

/** A command as a person would type it, shortened: for messages, not for a shell. */
export function showCommand(command: string, args: readonly string[]): string {
  const words = [command, ...args].map((word) =>
    /^[\w@%+=:,./*-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`,
  )
  const text = words.join(' ')
  return text.length > 300 ? `${text.slice(0, 297)}...` : text
}

/** The end of what a failed program printed, which nearly always holds the reason. */
export function lastWords(result: Pick<RunResult, 'stdout' | 'stderr'>, lines = 8): string {
  const text = result.stderr.trim() === '' ? result.stdout : result.stderr
  const kept = text.trim().split('\n').slice(-lines).join('\n')
  return kept === '' ? 'it printed nothing' : kept
}

function capture(
  child: ChildProcess,
  name: 'stdout' | 'stderr',
  onLine: RunOptions['onLine'],
): () => string {
  const decoder = new StringDecoder('utf8')
  let text = ''
  let line = ''

  const take = (part: string): void => {
    text += part
    if (text.length > MAX_CAPTURED) text = text.slice(-MAX_CAPTURED / 2)
    if (onLine === undefined) return
    const lines = (line + part).split('\n')
    line = lines.pop() ?? ''
    for (const complete of lines) onLine(complete, name)
  }
  child[name]?.on('data', (chunk: Buffer) => take(decoder.write(chunk)))
  child[name]?.on('end', () => {
    take(decoder.end())
    if (line !== '') onLine?.(line, name)
  })

  return () => text
}

async function waitForEnd(
  child: ChildProcess,
  shown: string,
  options: RunOptions,
): Promise<number> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  let failure: PlatformError | undefined
  let kill: NodeJS.Timeout | undefined

  const end = (reason: PlatformError): void => {
    failure ??= reason
    signalGroup(child, 'SIGTERM')
    kill ??= setTimeout(() => signalGroup(child, 'SIGKILL'), GRACE_MS)
  }
  const onAbort = (): void => end(interrupted(child.spawnfile, options.signal))
  const onKill = (): void => signalGroup(child, 'SIGKILL')
  const timer = setTimeout(
    () => end(new PlatformError('COMMAND_FAILED', `${shown} did not end within ${timeoutMs} ms`)),
    timeoutMs,
  )
  options.signal?.addEventListener('abort', onAbort, { once: true })
  options.killOn?.addEventListener('abort', onKill, { once: true })
  child.once('error', (cause) => {
    reject(new PlatformError('COMMAND_FAILED', `cannot run ${shown}: ${cause.message}`, { cause }))
  })
  child.once('close', (code, signal) => {
    if (failure === undefined) resolve(code ?? 128 + (SIGNAL_NUMBERS[signal ?? ''] ?? 0))
    else reject(failure)
  })

  try {
    return await promise
  } finally {
    clearTimeout(timer)
    clearTimeout(kill)
    options.signal?.removeEventListener('abort', onAbort)
    options.killOn?.removeEventListener('abort', onKill)
  }
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // The group ended in the meantime.
  }
}

function interrupted(command: string, signal: AbortSignal | undefined): PlatformError {
  return new PlatformError('INTERRUPTED', `stopped while ${command} was running`, {
    cause: signal?.reason,
  })
}
