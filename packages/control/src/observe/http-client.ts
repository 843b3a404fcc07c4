/** Small HTTPS questions to the cluster's own parts: mutual TLS, kept connections, the caller's deadline. */
import { PlatformError } from '@neuronha/core/errors.ts'
import type { TlsFiles } from '@neuronha/runtime/tls.ts'
import { unlessAborted } from '@neuronha/runtime/unless-aborted.ts'
import { Agent, request } from 'undici'

export interface HttpAnswer {
  readonly status: number
  readonly body: string
}

export interface HttpClient {
  get(
    url: string,
    signal: AbortSignal,
    headers?: Readonly<Record<string, string>>,
  ): Promise<HttpAnswer>
  post(
    url: string,
    body: unknown,
    signal: AbortSignal,
    headers?: Readonly<Record<string, string>>,
  ): Promise<HttpAnswer>
  close(): Promise<void>
}

const CONNECT_TIMEOUT_MS = 2400

const noAnswerInTime = (cause: unknown): PlatformError =>
  new PlatformError('UPSTREAM_TIMEOUT', 'no answer in time', { cause })

/**
 * The caller's signal bounds every question. A frozen server lets undici connect for as long as it likes, so connecting,
 * which may outlive a question, is bounded here.
 */
export function createHttpClient(tls: TlsFiles): HttpClient {
  const agent = new Agent({
    connect: { ...tls, timeout: CONNECT_TIMEOUT_MS },
    connections: 2,
    keepAliveTimeout: 30_000,
    maxResponseSize: 4 * 1024 * 1024,
  })
  const send = async (
    url: string,
    signal: AbortSignal,
    body: string | null,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<HttpAnswer> => {
    const ask = async (): Promise<HttpAnswer> => {
      const response = await request(url, {
        dispatcher: agent,
        signal,
        method: body === null ? 'GET' : 'POST',
        body,
        headers: { ...headers, ...(body === null ? {} : { 'content-type': 'application/json' }) },
      })
      return { status: response.statusCode, body: await response.body.text() }
    }
    return unlessAborted(ask(), [signal], noAnswerInTime)
  }
  return {
    get: (url, signal, headers) => send(url, signal, null, headers),
    post: (url, body, signal, headers) => send(url, signal, JSON.stringify(body), headers),
    close: () => agent.destroy(),
  }
}

/** The body of a 200, or an error that names the status. */
export function bodyOf(answer: HttpAnswer): string {
  if (answer.status === 200) return answer.body
  throw new PlatformError('UPSTREAM_FAILED', `answered HTTP ${answer.status}`)
}

/** The body as JSON, whatever the status; an error when it is none. */
export function jsonOf(answer: HttpAnswer): unknown {
  try {
    return JSON.parse(answer.body)
  } catch (cause) {
    throw new PlatformError('UPSTREAM_FAILED', `answered HTTP ${answer.status} without JSON`, {
      cause,
    })
  }
}
