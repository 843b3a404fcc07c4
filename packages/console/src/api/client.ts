/** The console's one way to the API: same origin, session cookie, contracts on the way in. */
import { CSRF_HEADER } from '@neuronha/core/contracts/desktop.ts'
import { HEADERS } from '@neuronha/core/contracts/http-names.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import type { z } from 'zod'
import { errorOfResponse } from './errors.ts'

const TIMEOUT_MS = 15_000

export interface SendOptions {
  readonly method?: 'GET' | 'POST'
  readonly path: string
  readonly body?: unknown
  /** Needed by every unsafe request of a session. */
  readonly csrfToken?: string
  readonly idempotencyKey?: string
  /** The answer must include what was written up to here. */
  readonly lastWrite?: string | undefined
  readonly accept?: string
  readonly signal?: AbortSignal | undefined
}

export interface RequestOptions<T> extends SendOptions {
  readonly schema: z.ZodType<T>
  readonly timeoutMs?: number
}

export interface Answer<T> {
  readonly body: T
  /** The answering process's clock, or null without a Date header. */
  readonly serverTimeMs: number | null
}

const isTimeout = (thrown: unknown): boolean =>
  thrown instanceof DOMException && thrown.name === 'TimeoutError'

/** A fetch that failed without an answer. An abort by the caller stays what it is. */
export const errorOfFetch = (thrown: unknown): unknown => {
  if (thrown instanceof PlatformError) return thrown
  if (thrown instanceof DOMException && thrown.name === 'AbortError') return thrown
  return isTimeout(thrown)
    ? new PlatformError('UPSTREAM_TIMEOUT', 'The API did not answer in time.', { cause: thrown })
    : new PlatformError('UNAVAILABLE', 'The API cannot be reached.', { cause: thrown })
}

const headersOf = (options: SendOptions): Headers => {
  const { accept = 'application/json', body, csrfToken, idempotencyKey, lastWrite } = options
  const headers = new Headers({ accept })
  if (body !== undefined) headers.set('content-type', 'application/json')
  if (csrfToken !== undefined) headers.set(CSRF_HEADER, csrfToken)
  if (idempotencyKey !== undefined) headers.set(HEADERS.idempotencyKey, idempotencyKey)
  if (lastWrite !== undefined) headers.set(HEADERS.lastWrite, lastWrite)
  return headers
}

/** Sends a request and gives the response once its head is there and is 2xx. */
export const send = async (options: SendOptions): Promise<Response> => {
  const { method = 'GET', path, body, signal } = options
  let response: Response
  try {
    response = await fetch(path, {
      method,
      headers: headersOf(options),
      body: body === undefined ? null : JSON.stringify(body),
      credentials: 'same-origin',
      cache: 'no-store',
      signal: signal ?? null,
    })
  } catch (thrown) {
    throw errorOfFetch(thrown)
  }
  if (!response.ok) throw await errorOfResponse(response)
  return response
}

const serverTimeOf = (response: Response): number | null => {
  const atMs = Date.parse(response.headers.get('date') ?? '')
  return Number.isNaN(atMs) ? null : atMs
}

/** Sends a request and reads its answer by the contract. */
export const request = async <T>(options: RequestOptions<T>): Promise<Answer<T>> => {
  const timeout = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS)
  const signal = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout])
  const response = await send({ ...options, signal })
  let body: unknown
  try {
    body = response.status === 204 ? undefined : await response.json()
  } catch (thrown) {
    throw thrown instanceof SyntaxError ? unexpected(options.path, thrown) : errorOfFetch(thrown)
  }
  const parsed = options.schema.safeParse(body)
  if (!parsed.success) throw unexpected(options.path, parsed.error)
  return { body: parsed.data, serverTimeMs: serverTimeOf(response) }
}

const unexpected = (path: string, cause: unknown): PlatformError =>
  new PlatformError(
    'UPSTREAM_FAILED',
    `${path} answered with something that is not its contract.`,
    {
      hint: 'The console and the API may be of different versions: reload the page.',
      cause,
    },
  )
