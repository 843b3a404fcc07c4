/**
 * HTTPS to the edge, as a client on the network would: keep-alive, the certificate verified, the next
 * edge tried when one fails. Turns every answer and every failure into a try's outcome.
 */
import { readFileSync } from 'node:fs'
import { createSecureContext, rootCertificates } from 'node:tls'
import { assertPresent } from '@neuronha/core/assert-present.ts'
import { isErrorCode } from '@neuronha/core/contracts/problem.ts'
import { RETRY_POLICY, type LoadgenConfig } from '@neuronha/core/config/loadgen.ts'
import { Agent, request } from 'undici'
import { connectionsFor, ConnectionSlots, withSlot } from './connection-slots.ts'
import { parseRetryAfter, type TryLimits, type TryOutcome } from './retry.ts'

/** To one edge, under any load. */
const MAX_CONNECTIONS = 48

export interface HttpCall {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

export interface FrontDoor {
  readonly send: (call: HttpCall, limits: TryLimits) => Promise<TryOutcome<HttpAnswer>>
  readonly close: () => Promise<void>
}

export function createFrontDoor({
  edge: { urls, serverName, caFile },
  ratePerSecond,
}: Pick<LoadgenConfig, 'edge' | 'ratePerSecond'>): FrontDoor {
  const connections = connectionsFor(ratePerSecond, MAX_CONNECTIONS)
  const secureContext = createSecureContext({
    ca: [...rootCertificates, readFileSync(caFile, 'utf8')],
    // A user's certificate may come without its chain: trusting exactly it is enough.
    allowPartialTrustChain: true,
  })
  const agent = new Agent({
    connections,
    pipelining: 1,
    keepAliveTimeout: 10_000,
    // One context for all connections: a stall opens hundreds of them.
    connect: { secureContext, servername: serverName, timeout: 2000 },
  })
  const edges = urls.map((url) => ({ url, slots: new ConnectionSlots(connections) }))
  let preferred = 0

  const exchange = async (
    url: string,
    call: HttpCall,
    timeoutMs: number,
  ): Promise<TryOutcome<HttpAnswer>> => {
    const hasBody = call.body !== undefined
    try {
      const answer = await request(`${url}${call.path}`, {
        dispatcher: agent,
        method: call.method,
        headers: {
          host: serverName,
          accept: 'application/json, text/event-stream;q=0.9, */*;q=0.1',
          ...(hasBody ? { 'content-type': 'application/json' } : {}),
          ...call.headers,
        },
        ...(hasBody ? { body: JSON.stringify(call.body) } : {}),
        signal: AbortSignal.timeout(timeoutMs),
      })
      const text = await answer.body.text()
      return outcomeOf({ status: answer.statusCode, headers: answer.headers, text })
    } catch (error) {
      return { kind: 'retry', reason: reasonOf(error) }
    }
  }
  const send: FrontDoor['send'] = async (call, limits) => {
    const index = (preferred + limits.tryIndex) % edges.length
    const { url, slots } = assertPresent(edges[index], `edge ${index}`)
    const outcome = await withSlot(slots, limits, (timeoutMs) => exchange(url, call, timeoutMs))
    if (outcome.kind === 'ok') preferred = index
    return outcome
  }
  return { send, close: () => agent.destroy() }
}

function outcomeOf(answer: HttpAnswer): TryOutcome<HttpAnswer> {
  if (answer.status < 400) return { kind: 'ok', value: answer }

  const code = codeOf(answer)
  const reason = code === '' ? `HTTP ${answer.status}` : `HTTP ${answer.status} ${code}`
  const isRetryable =
    RETRY_POLICY.retryableStatuses.some((status) => status === answer.status) ||
    (answer.status === 409 && code === 'IDEMPOTENCY_IN_FLIGHT')
  if (!isRetryable) return { kind: 'fail', reason }
  const header = answer.headers['retry-after']
  const retryAfterMs = parseRetryAfter(Array.isArray(header) ? header[0] : header, Date.now())
  return { kind: 'retry', reason, retryAfterMs }
}

/** The `code` of a problem, if the answer is one; the edge's own error pages have none. */
function codeOf(answer: HttpAnswer): string {
  try {
    const body: unknown = JSON.parse(answer.text)
    const code = typeof body === 'object' && body !== null && 'code' in body ? body.code : ''
    return typeof code === 'string' && isErrorCode(code) ? code : ''
  } catch {
    return ''
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'connection failed'
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return 'timeout'
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  return code === 'UND_ERR_SOCKET' ? 'connection closed' : code
}
