/**
 * Calls to another service, through the edge's internal listener: mutual TLS, a time limit for the first byte,
 * bounded retries with jitter where a repetition is harmless, a breaker and a bulkhead. With several base URLs
 * (edges) a retry goes to the next one. Bodies stream both ways.
 */
import { HEADERS } from '@neuronha/core/contracts/http-names.ts'
import type { UpstreamConfig } from '@neuronha/core/config/common.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { Agent, type Dispatcher } from 'undici'
import { backoffMs, sleep } from './clock.ts'
import { createGuard } from './guard.ts'
import type { Metrics } from './metrics.ts'
import { clientTls, type TlsFiles } from './tls.ts'

export interface UpstreamRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Begins with a slash; added to the base URL's own path. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | undefined>>
  /** Lower-case names. Pass `contextHeaders(request)` along, so that ids and traces go on. */
  readonly headers?: Readonly<Record<string, string>>
  /** An object is sent as JSON; a stream can be sent only once, so it is never retried. */
  readonly body?: object | string | Buffer | AsyncIterable<Uint8Array>
  /** Until the response's head is there; default 30 s. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

export interface UpstreamResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Must be consumed, or destroyed. */
  readonly body: Dispatcher.ResponseData['body']
}

export interface UpstreamClient {
  /** The answer, whatever its status. Throws UPSTREAM_FAILED and UPSTREAM_TIMEOUT when there is none. */
  request(request: UpstreamRequest): Promise<UpstreamResponse>
  /** The answer's JSON; a status of 400 or more becomes an error with the problem's own words. */
  json(request: UpstreamRequest): Promise<unknown>
  close(): Promise<void>
}

export interface UpstreamClientOptions {
  /** For messages and metric labels, for example `agent`. */
  readonly name: string
  readonly config: UpstreamConfig
  readonly tls?: TlsFiles | undefined
  readonly metrics: Metrics
  /** Tries in all of a request that may be repeated; default 4. */
  readonly tries?: number
  /** Calls at the same time; default 64, and as many waiting. */
  readonly maxConcurrent?: number
}

const SAFE = new Set(['GET', 'HEAD', 'PUT', 'DELETE'])
/** Statuses with which a balancer or a draining replica says "not me, not now". */
const TRY_AGAIN = new Set([502, 503, 504])
const DEFAULT_TIMEOUT_MS = 30_000

const isStream = (body: UpstreamRequest['body']): body is AsyncIterable<Uint8Array> =>
  typeof body === 'object' && Symbol.asyncIterator in body

/** May this be sent twice? Safe by its method, or by an idempotency key. */
export const isRepeatable = ({ method, headers, body }: UpstreamRequest): boolean =>
  !isStream(body) && (SAFE.has(method) || headers?.[HEADERS.idempotencyKey] !== undefined)

const urlOf = (base: string, { path, query = {} }: UpstreamRequest): URL => {
  const url = new URL(base.replace(/\/$/, '') + path)
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value))
  }
  return url
}

const encodeBody = (
  body: UpstreamRequest['body'],
): { readonly body: Dispatcher.DispatchOptions['body']; readonly contentType?: string } => {
  if (body === undefined) return { body: null }
  if (typeof body === 'string' || Buffer.isBuffer(body)) return { body }
  if (isStream(body)) return { body: body as unknown as Dispatcher.DispatchOptions['body'] }
  return { body: JSON.stringify(body), contentType: 'application/json' }
}

const isTimeout = (thrown: unknown): boolean =>
  thrown instanceof Error && /timeout/i.test(`${thrown.name} ${thrown.message}`)

const toUpstreamError = (name: string, thrown: unknown): PlatformError => {
  if (thrown instanceof PlatformError) return thrown
  const code = isTimeout(thrown) ? 'UPSTREAM_TIMEOUT' : 'UPSTREAM_FAILED'
  return new PlatformError(code, `${name} did not answer`, { cause: thrown })
}

/** The error that an answer of 400 or more stands for. */
const toAnswerError = (name: string, status: number, body: unknown): PlatformError => {
  const problem = typeof body === 'object' && body !== null ? body : {}
  const detail = 'detail' in problem ? String(problem.detail) : `${name} answered ${status}`
  const code = status === 404 ? 'NOT_FOUND' : 'UPSTREAM_FAILED'
  return new PlatformError(code, detail, { details: { status, problem } })
}

const readJson = async (name: string, { status, body }: UpstreamResponse): Promise<unknown> => {
  const text = await body.text()
  let parsed: unknown
  try {
    parsed = text === '' ? null : JSON.parse(text)
  } catch (cause) {
    throw new PlatformError('UPSTREAM_FAILED', `${name} did not answer with JSON`, { cause })
  }
  if (status >= 400) throw toAnswerError(name, status, parsed)
  return parsed
}

/** A client for one service. Opens connections as they are needed. */
export const createUpstreamClient = (options: UpstreamClientOptions): UpstreamClient => {
  const { name, config, tls, tries: maxTries = 4, maxConcurrent = 64 } = options
  const agent = new Agent({
    connections: maxConcurrent,
    keepAliveTimeout: 30_000,
    connect: {
      timeout: 3000,
      ...(tls === undefined ? {} : { ...clientTls(tls, config.serverName) }),
      servername: config.serverName,
    },
  })
  const calls = options.metrics.counter('upstream_requests_total', 'Calls to other services', [
    'upstream',
    'outcome',
  ])
  // One guard per base URL: an edge that is gone must not close the way to the other.
  const guards = config.urls.map(() =>
    createGuard({ name, maxConcurrent, maxWaiting: maxConcurrent, pauseMs: 2000 }),
  )
  const send = async (request: UpstreamRequest, base: string): Promise<UpstreamResponse> => {
    const { body, contentType } = encodeBody(request.body)
    const response = await agent.request({
      origin: new URL(base).origin,
      path: urlOf(base, request).href.slice(new URL(base).origin.length),
      method: request.method,
      headers: {
        ...(contentType === undefined ? {} : { 'content-type': contentType }),
        ...(config.apiKey === undefined ? {} : { authorization: `Bearer ${config.apiKey}` }),
        ...request.headers,
      },
      body: body ?? null,
      headersTimeout: request.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      bodyTimeout: 60_000,
      signal: request.signal ?? null,
    })
    return { status: response.statusCode, headers: response.headers, body: response.body }
  }
  const attempt = async (request: UpstreamRequest, index: number): Promise<UpstreamResponse> => {
    const at = index % config.urls.length
    const [base, guard] = [config.urls[at] ?? '', guards[at]]
    if (guard === undefined) return send(request, base)
    // A caller that leaves says nothing about the service, so the breaker must not hear of it.
    const outcome = await guard.run(() =>
      send(request, base).catch((thrown: unknown) => {
        if (request.signal?.aborted === true) return { left: thrown }
        throw thrown
      }),
    )
    if ('left' in outcome) throw outcome.left
    return outcome
  }
  const request = async (asked: UpstreamRequest): Promise<UpstreamResponse> => {
    const allowed = isRepeatable(asked) ? Math.max(maxTries, config.urls.length) : 1
    for (let index = 0; ; index += 1) {
      const isLast = index + 1 >= allowed || asked.signal?.aborted === true
      try {
        const response = await attempt(asked, index)
        if (isLast || !TRY_AGAIN.has(response.status)) {
          calls.inc({ upstream: name, outcome: `${Math.floor(response.status / 100)}xx` })
          return response
        }
        await response.body.dump()
      } catch (thrown) {
        if (isLast) {
          calls.inc({ upstream: name, outcome: 'failed' })
          throw toUpstreamError(name, thrown)
        }
      }
      await sleep(backoffMs(index, 100, 1500), asked.signal)
    }
  }
  return {
    request,
    json: async (asked) => readJson(name, await request(asked)),
    close: () => agent.close(),
  }
}
