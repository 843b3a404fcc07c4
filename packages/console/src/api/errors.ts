/** The console's one place where a failure becomes words, and where an answer becomes a PlatformError. */
import { isErrorCode, problem } from '@neuronha/core/contracts/problem.ts'
import { PlatformError, type ErrorCode } from '@neuronha/core/errors.ts'

export interface DisplayError {
  readonly code: ErrorCode
  readonly title: string
  readonly detail: string
  readonly hint: string | null
  /** To find the request in the logs; null when no answer came. */
  readonly requestId: string | null
  /** Problems of single fields, by path. */
  readonly fields: readonly { readonly path: string; readonly message: string }[]
}

const TITLES: Partial<Record<ErrorCode, string>> = {
  BAD_REQUEST: 'That does not fit',
  UNAUTHENTICATED: 'You are signed out',
  FORBIDDEN: 'Not allowed',
  NOT_FOUND: 'Not found',
  IDEMPOTENCY_IN_FLIGHT: 'Still being worked on',
  TOO_LARGE: 'Too large',
  RATE_LIMITED: 'Too many requests',
  INTERNAL: 'Something broke',
  UNKNOWN_OUTCOME: 'The outcome is not known yet',
  UNAVAILABLE: 'Not reachable at the moment',
  DATABASE_UNAVAILABLE: 'The database does not answer at the moment',
  DRAINING: 'Moving to another replica',
  UPSTREAM_FAILED: 'No usable answer',
  UPSTREAM_TIMEOUT: 'No answer in time',
  MODEL_FAILED: 'The model gave no usable answer',
}

const STATUS_CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  409: 'CONFLICT',
  413: 'TOO_LARGE',
  429: 'RATE_LIMITED',
  502: 'UPSTREAM_FAILED',
  503: 'UNAVAILABLE',
  504: 'UPSTREAM_TIMEOUT',
}

const detailsOf = (error: PlatformError) => ({
  requestId: null as string | null,
  retryAfterMs: null as number | null,
  errors: [] as DisplayError['fields'],
  ...(error.details as object | undefined),
})

/** Seconds or a date, as RFC 9110 allows. */
export const parseRetryAfterMs = (value: string | null, nowMs: number): number | null => {
  if (value === null) return null
  if (/^\d+$/.test(value.trim())) return Number(value) * 1000
  const atMs = Date.parse(value)
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs)
}

/** The error that an event or a body in problem+json carries; null when it is none. */
export const errorOfProblem = (
  body: unknown,
  retryAfterMs: number | null = null,
): PlatformError | null => {
  const parsed = problem.safeParse(body)
  if (!parsed.success) return null
  const { code, detail, title, hint, requestId, errors, status } = parsed.data
  const known = isErrorCode(code) ? code : (STATUS_CODES[status] ?? 'INTERNAL')
  return new PlatformError(known, detail ?? title, {
    ...(hint === undefined ? {} : { hint }),
    details: { requestId, retryAfterMs, errors: errors ?? [] },
  })
}

/** The error of an answer that is not 2xx: problem+json, or whatever a proxy on the way wrote. */
export const errorOfResponse = async (response: Response): Promise<PlatformError> => {
  const retryAfterMs = parseRetryAfterMs(response.headers.get('retry-after'), Date.now())
  const body: unknown = await response.json().catch(() => null)
  const code =
    STATUS_CODES[response.status] ?? (response.status >= 500 ? 'UNAVAILABLE' : 'BAD_REQUEST')
  return (
    errorOfProblem(body, retryAfterMs) ??
    new PlatformError(code, `The edge answered ${response.status}.`, { details: { retryAfterMs } })
  )
}

export interface ApiError {
  readonly code: ErrorCode
  readonly isRetryable: boolean
  readonly retryAfterMs: number | null
}

/** Any thrown value, as what decides about a retry. */
export const toApiError = (thrown: unknown): ApiError => {
  if (!(thrown instanceof PlatformError))
    return { code: 'INTERNAL', isRetryable: false, retryAfterMs: null }
  const { retryAfterMs } = detailsOf(thrown)
  return { code: thrown.code, isRetryable: thrown.kind.retryable, retryAfterMs }
}

/** A chunk that did not arrive: the network changed, or a newer build has replaced it. */
const isMissingChunk = (thrown: unknown): boolean =>
  thrown instanceof TypeError && /import|module/i.test(thrown.message)

const displayDefect = (thrown: unknown): DisplayError => ({
  code: 'INTERNAL',
  title: isMissingChunk(thrown)
    ? 'A part of the console could not be loaded'
    : 'The console made a mistake',
  detail: thrown instanceof Error ? thrown.message : String(thrown),
  hint: 'Reload the page.',
  requestId: null,
  fields: [],
})

/** Any thrown value, as what a person reads. */
export const toDisplayError = (thrown: unknown): DisplayError => {
  if (!(thrown instanceof PlatformError)) return displayDefect(thrown)
  const { requestId, errors } = detailsOf(thrown)
  return {
    code: thrown.code,
    title: TITLES[thrown.code] ?? thrown.kind.meaning,
    detail: thrown.message,
    hint: thrown.hint ?? null,
    requestId,
    fields: errors,
  }
}

/** The problem of one field of a form, or null. */
export const fieldError = (error: DisplayError | null, path: string): string | null =>
  error?.fields.find((field) => field.path.replace(/^\//, '') === path)?.message ?? null
