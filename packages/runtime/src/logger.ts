/** JSON lines on stdout, one object per event, with secrets cut out wherever they commonly sit. */
import { toPlatformError } from '@neuronha/core/errors.ts'
import { pino, type DestinationStream, type Logger as PinoLogger } from 'pino'

export type Logger = PinoLogger

export interface LoggerOptions {
  readonly service: string
  /** Container name. */
  readonly replica: string
  readonly level: 'debug' | 'info' | 'warn' | 'error'
}

const REDACTED = [
  'password',
  'key',
  'apiKey',
  'authorization',
  'cookie',
  'signingKey',
  '*.password',
  '*.apiKey',
  '*.authorization',
  '*.cookie',
  '*.signingKey',
  'headers.authorization',
  'headers.cookie',
  'req.headers.authorization',
  'req.headers.cookie',
]

/** An error with its code and causes, without the properties that drivers hang on theirs (statements, values). */
const serializeError = (thrown: unknown): Record<string, unknown> => {
  if (!(thrown instanceof Error)) return { message: String(thrown) }
  const error = toPlatformError(thrown)
  const own = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : error.code
  return {
    type: thrown.name,
    code: own,
    message: thrown.message,
    stack: thrown.stack,
    ...(thrown.cause === undefined ? {} : { cause: serializeError(thrown.cause) }),
  }
}

/** The process's logger. `destination` is for tests; stdout otherwise. */
export const createLogger = (
  { service, replica, level }: LoggerOptions,
  destination?: DestinationStream,
): Logger =>
  pino(
    {
      level,
      base: { service, replica },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: REDACTED, censor: '***' },
      serializers: { err: serializeError, error: serializeError },
    },
    destination ?? pino.destination({ dest: 1, sync: true }),
  )

/** A logger that says nothing, for tests. */
export const createSilentLogger = (): Logger => pino({ level: 'silent' })
