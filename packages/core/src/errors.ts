/**
 * The one error class and the one table of codes. Each edge translates once: the HTTP host to
 * problem+json, the CLI to message, hint and exit code, MCP to `isError`.
 */

export interface ErrorKind {
  /** HTTP status at a service's edge. */
  readonly status: number
  /** Exit code at the CLI's edge (DESIGN: 0 done, 1 failed, 2 bad input, 3 refused or busy). */
  readonly exitCode: number
  /** May the same request be sent again, unchanged, with the same Idempotency-Key? */
  readonly retryable: boolean
  readonly meaning: string
}

const kind = (
  status: number,
  exitCode: number,
  retryable: boolean,
  meaning: string,
): ErrorKind => ({
  status,
  exitCode,
  retryable,
  meaning,
})

/** Every code that any part of NeuronHA answers with; `docs/reference/errors.md` is made from it. */
export const ERROR_KINDS = {
  // what the caller sent
  BAD_REQUEST: kind(
    400,
    2,
    false,
    'The request does not fit its schema; `errors` lists every problem.',
  ),
  UNAUTHENTICATED: kind(401, 2, false, 'No valid key, password or session came with the request.'),
  FORBIDDEN: kind(403, 3, false, 'The caller is known and may not do this.'),
  NOT_FOUND: kind(
    404,
    2,
    false,
    'There is nothing of that name or id, or it belongs to somebody else.',
  ),
  CONFLICT: kind(409, 3, false, 'The state of the thing does not allow this now.'),
  IDEMPOTENCY_IN_FLIGHT: kind(
    409,
    3,
    true,
    'A request with this Idempotency-Key is still being worked on.',
  ),
  IDEMPOTENCY_MISMATCH: kind(422, 2, false, 'This Idempotency-Key was used with another request.'),
  TOO_LARGE: kind(413, 2, false, 'The body is larger than the limit.'),
  RATE_LIMITED: kind(429, 3, true, 'Too many requests; wait as long as Retry-After says.'),
  // what failed behind the caller
  INTERNAL: kind(
    500,
    1,
    false,
    'A defect in NeuronHA; the log has the details under the requestId.',
  ),
  UNKNOWN_OUTCOME: kind(
    503,
    1,
    true,
    'The connection was lost while committing; send the same request with the same Idempotency-Key to learn the outcome.',
  ),
  UNAVAILABLE: kind(503, 1, true, 'Something this needs is not reachable at the moment.'),
  DATABASE_UNAVAILABLE: kind(503, 1, true, 'No pooler or no primary answered in time.'),
  DRAINING: kind(503, 1, true, 'This replica is shutting down; another one will answer.'),
  UPSTREAM_FAILED: kind(502, 1, true, 'A service behind this one gave no usable answer.'),
  UPSTREAM_TIMEOUT: kind(504, 1, true, 'A service behind this one did not answer in time.'),
  MODEL_FAILED: kind(502, 1, true, 'The model provider gave no usable answer.'),
  QUERY_FAILED: kind(400, 2, false, 'PostgreSQL refused the SQL that was sent.'),
  SCHEMA_TOO_NEW: kind(
    503,
    3,
    false,
    'The database schema is newer than this code; upgrade the code.',
  ),
  MIGRATION_FAILED: kind(503, 1, false, 'A migration did not apply; nothing of it was kept.'),
  // the command line and the machine
  USAGE: kind(400, 2, false, 'The command line is wrong.'),
  CLUSTER_FILE_INVALID: kind(
    400,
    2,
    false,
    'The cluster file has problems; all of them are listed.',
  ),
  CONFIG_INVALID: kind(500, 2, false, 'A process was given a configuration that it cannot use.'),
  CLUSTER_ABSENT: kind(404, 1, false, 'There is no such cluster on this machine.'),
  CLUSTER_DEGRADED: kind(503, 1, false, 'The cluster runs, but not all of it.'),
  CLUSTER_BUSY: kind(
    409,
    3,
    true,
    'Another command is changing the cluster; the message names it.',
  ),
  CHANGES_PENDING: kind(409, 4, false, '`up` would change something.'),
  REFUSED_FOR_SAFETY: kind(
    409,
    3,
    false,
    'This could lose data or availability; the message says what and how.',
  ),
  SETUP_REFUSED: kind(
    409,
    3,
    false,
    'Something is missing on this machine and installing was not allowed.',
  ),
  SETUP_FAILED: kind(500, 1, true, 'Preparing this machine failed; the command can be run again.'),
  ENGINE_UNREACHABLE: kind(503, 1, true, 'The container engine did not answer.'),
  ENGINE_FAILED: kind(500, 1, true, 'The container engine refused or failed.'),
  IMAGE_BUILD_FAILED: kind(500, 1, true, 'Building an image failed.'),
  NOT_HEALTHY_IN_TIME: kind(504, 1, true, 'The cluster did not become healthy in time.'),
  PORT_IN_USE: kind(409, 2, false, 'A port that the cluster publishes is taken on this machine.'),
  NO_SPACE: kind(507, 2, false, 'There is not enough free disk space.'),
  NO_PERMISSION: kind(403, 2, false, 'Root is needed, and sudo is not available.'),
  COMMAND_FAILED: kind(500, 1, false, 'A command that NeuronHA ran failed.'),
  INTERRUPTED: kind(499, 130, true, 'Stopped by the user; the command can be run again.'),
  BACKUP_FAILED: kind(
    502,
    1,
    true,
    'pgBackRest did not do what it was asked for; the message says why.',
  ),
  DRILL_FAILED: kind(500, 1, false, 'The drill ran and its verdict is fail.'),
} as const satisfies Record<string, ErrorKind>

export type ErrorCode = keyof typeof ERROR_KINDS

export interface PlatformErrorOptions {
  /** What the reader can do about it. */
  readonly hint?: string
  readonly details?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

/** What every part of NeuronHA throws when it cannot go on. */
export class PlatformError extends Error {
  override readonly name = 'PlatformError'
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly details: Readonly<Record<string, unknown>> | undefined

  constructor(code: ErrorCode, message: string, options: PlatformErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.hint = options.hint
    this.details = options.details
  }

  get kind(): ErrorKind {
    return ERROR_KINDS[this.code]
  }
}

/** Any thrown value as a PlatformError: itself, or INTERNAL with the original as its cause. */
export function toPlatformError(thrown: unknown): PlatformError {
  if (thrown instanceof PlatformError) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new PlatformError('INTERNAL', message, { cause: thrown })
}
