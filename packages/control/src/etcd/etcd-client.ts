/**
 * etcd through its v3 JSON gateway: mutual TLS opens the connection, a user's token holds the rights. A call goes
 * to the endpoint that answered last and tries the others when that one fails; it is repeated at most once per
 * endpoint, so only calls that may be sent twice belong here (leases and compare-and-put are such).
 */
import { PlatformError } from '@neuronha/core/errors.ts'
import { z } from 'zod'
import type { HttpClient } from '../observe/http-client.ts'

export interface EtcdClientOptions {
  readonly http: HttpClient
  readonly endpoints: readonly string[]
  readonly user: string
  readonly password: string
  /** Deadline of one try at one endpoint, milliseconds. */
  readonly timeoutMs: number
}

export interface EtcdClient {
  /** POST /v3/<path>; 64-bit numbers are strings in both directions, keys and values base64. */
  call<T extends z.ZodType>(path: string, body: unknown, answer: T): Promise<z.infer<T>>
}

const tokenAnswer = z.object({ token: z.string() })
const gatewayError = z.object({
  message: z.string().optional(),
  error: z.union([z.string(), z.object({ message: z.string() })]).optional(),
})

/** Tokens live for minutes, die with the etcd member that gave them, and with every change of users. */
const isTokenProblem = (words: string): boolean =>
  /invalid auth token|revision of auth store is old|revision in header is old|user name is empty/i.test(
    words,
  )
const isAuthDisabled = (words: string): boolean => /authentication is not enabled/i.test(words)

const errorWords = (body: unknown): string | undefined => {
  const parsed = gatewayError.safeParse(body)
  if (!parsed.success) return undefined
  const { message, error } = parsed.data
  return message ?? (typeof error === 'string' ? error : error?.message)
}

export const base64 = (text: string): string => Buffer.from(text).toString('base64')

type Reply =
  | { readonly kind: 'answer'; readonly body: unknown }
  | { readonly kind: 'refused'; readonly words: string }

/** A JSON object, or the first of a stream of them. */
const parseBody = (status: number, text: string): Reply => {
  const first = text.split('\n', 1)[0] ?? ''
  let body: unknown
  try {
    body = JSON.parse(first)
  } catch {
    return { kind: 'refused', words: `HTTP ${status}` }
  }
  const words = errorWords(body)
  if (status !== 200 || words !== undefined)
    return { kind: 'refused', words: words ?? `HTTP ${status}` }
  return { kind: 'answer', body }
}

export function createEtcdClient(options: EtcdClientOptions): EtcdClient {
  const { http, endpoints, user, password, timeoutMs } = options
  let preferred = 0
  let token: string | null | undefined

  const post = async (
    endpoint: string,
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Reply> => {
    const { status, body: text } = await http.post(
      `${endpoint.replace(/\/$/, '')}/v3/${path}`,
      body,
      AbortSignal.timeout(timeoutMs),
      headers,
    )
    return parseBody(status, text)
  }

  /** A token, or null where etcd runs without users. */
  const authenticate = async (endpoint: string): Promise<string | null> => {
    const reply = await post(endpoint, 'auth/authenticate', { name: user, password })
    if (reply.kind === 'answer') return tokenAnswer.parse(reply.body).token
    if (isAuthDisabled(reply.words)) return null
    throw new PlatformError('UPSTREAM_FAILED', `etcd refused the login of ${user}: ${reply.words}`)
  }

  const callOnce = async (endpoint: string, path: string, body: unknown): Promise<Reply> => {
    token ??= await authenticate(endpoint)
    return post(endpoint, path, body, token === null ? {} : { authorization: token })
  }

  /** A stale token shows at the first call that carries it: a fresh one, once. */
  const callAt = async (endpoint: string, path: string, body: unknown): Promise<unknown> => {
    let reply = await callOnce(endpoint, path, body)
    if (reply.kind === 'refused' && isTokenProblem(reply.words)) {
      token = undefined
      reply = await callOnce(endpoint, path, body)
    }
    if (reply.kind === 'answer') return reply.body
    throw new PlatformError('UPSTREAM_FAILED', `etcd refused ${path}: ${reply.words}`)
  }

  return {
    call: async (path, body, answer) => {
      let failure: unknown
      for (let turn = 0; turn < endpoints.length; turn += 1) {
        const index = (preferred + turn) % endpoints.length
        const endpoint = endpoints[index]
        if (endpoint === undefined) continue
        try {
          const value = answer.parse(await callAt(endpoint, path, body))
          preferred = index
          return value
        } catch (thrown) {
          failure = thrown
        }
      }
      throw new PlatformError('UNAVAILABLE', 'No etcd member answered', { cause: failure })
    },
  }
}
