/** What of a request goes on to the agent, and what of its answer comes back. Pure. */
import { COOKIES, HEADERS } from '@neuronha/core/contracts/http-names.ts'

type HeaderBag = Readonly<Record<string, string | string[] | undefined>>

/** The prefix that `/api/v1` of the agent has here. */
export const AGENT_PREFIX = '/api/v1/agent'

/** Names and ids, and nothing that a proxy on the way could read as a way out of the agent's API. */
const SEGMENT = /^[A-Za-z0-9_~-][A-Za-z0-9_.~-]*$/

/** The agent's path with the query for a URL below the prefix, or undefined when it is not a plain one. */
export const agentPathOf = (url: string): string | undefined => {
  const [path = '', ...query] = url.slice(AGENT_PREFIX.length).split('?')
  const segments = path.split('/').slice(1)
  if (segments.length === 0 || !segments.every((segment) => SEGMENT.test(segment))) return undefined
  return [`/api/v1${path}`, ...query].join('?')
}

/** Everything else stays here: cookies above all. */
const REQUEST_HEADERS = [
  'accept',
  'content-type',
  'if-match',
  'if-none-match',
  'last-event-id',
  HEADERS.idempotencyKey,
] as const

export const forwardedRequestHeaders = (headers: HeaderBag): Readonly<Record<string, string>> => {
  const kept: Record<string, string> = {}
  for (const name of REQUEST_HEADERS) {
    const value = headers[name]
    if (typeof value === 'string') kept[name] = value
  }
  return kept
}

/** Of one connection only (RFC 9110, 7.6.1), or said by this process itself. */
const KEPT_BACK = new Set([
  'connection',
  'date',
  'keep-alive',
  'proxy-authenticate',
  'server',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'www-authenticate',
  HEADERS.replica,
  HEADERS.requestId,
])

/** The only cookie that the agent sets for a browser is that of its last write. */
const cookiesOf = (value: string | string[] | undefined): readonly string[] =>
  [value ?? []].flat().filter((cookie) => cookie.startsWith(`${COOKIES.lastWrite}=`))

export const returnedHeaders = (
  headers: HeaderBag,
): Readonly<Record<string, string | string[]>> => {
  const kept: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !KEPT_BACK.has(name)) kept[name] = value
  }
  const cookies = cookiesOf(headers['set-cookie'])
  return cookies.length === 0 ? kept : { ...kept, 'set-cookie': [...cookies] }
}

/** Using an agent is no change of anything; everything else that is unsafe is, and is audited. */
export const isChange = (method: string, path: string): boolean => {
  if (method === 'GET' || method === 'HEAD') return false
  const isUse = method === 'POST' && /^\/api\/v1\/sessions(\/[^/?]+\/messages)?(\?|$)/.test(path)
  return !isUse
}
