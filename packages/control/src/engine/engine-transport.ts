/**
 * HTTP to a container engine, the one place that speaks it: over the engine's own socket, or over mutual TLS through an
 * engine proxy. Every question and every act has a deadline; what comes back is the engine's status and words.
 */
import { PlatformError } from '@neuronha/core/errors.ts'
import type { TlsFiles } from '@neuronha/runtime/tls.ts'
import { unlessAborted } from '@neuronha/runtime/unless-aborted.ts'
import { Agent, type Dispatcher } from 'undici'

export const ENGINE_SOCKET = '/var/run/docker.sock'

export interface EngineAnswer {
  readonly status: number
  readonly body: string
}

export interface EngineTransport {
  /** For messages: whom this talks to. */
  readonly where: string
  /** @throws PlatformError ENGINE_UNREACHABLE when there is no whole answer before the deadline. */
  ask(method: Dispatcher.HttpMethod, target: string, deadlineMs: number): Promise<EngineAnswer>
  /** An answer that goes on until the connection ends; the deadline is for its beginning. */
  open(target: string, deadlineMs: number, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>
  close(): Promise<void>
}

/** After this a connection that a frozen proxy never completed is given up, whoever waits. */
const CONNECT_TIMEOUT_MS = 2000
const MAX_ANSWER_BYTES = 16 * 1024 * 1024

/** Statuses with which a proxy says that there is no engine behind it. */
const NO_ENGINE: readonly number[] = [502, 503, 504]

interface Route {
  readonly where: string
  readonly origin: string
  readonly connect: Agent.Options['connect']
  readonly keepAlive: boolean
  readonly hint: string
}

/** Straight to the socket of this machine's engine; holds no connection between calls. */
export const createSocketTransport = (path: string = ENGINE_SOCKET): EngineTransport =>
  createTransport({
    where: `the container engine at ${path}`,
    origin: 'http://engine',
    connect: { socketPath: path },
    keepAlive: false,
    hint: '`./neuronha doctor` says what is missing; `./neuronha up` installs and starts an engine.',
  })

/** Through the engine proxy at this URL, with the caller's certificate. */
export const createProxyTransport = (url: string, tls: TlsFiles): EngineTransport =>
  createTransport({
    where: `the engine proxy at ${url}`,
    origin: url,
    connect: { ...tls, timeout: CONNECT_TIMEOUT_MS },
    keepAlive: true,
    hint: '`./neuronha status` shows the engine proxies.',
  })

/**
 * Several ways to the same engine. A call that got no answer is not repeated (it may have been carried out), but the next
 * one takes the next way.
 */
export function inTurn(ways: readonly [EngineTransport, ...EngineTransport[]]): EngineTransport {
  let current = ways[0]
  const through = async <T>(use: (way: EngineTransport) => Promise<T>): Promise<T> => {
    const way = current
    try {
      return await use(way)
    } catch (thrown) {
      const isSilent = thrown instanceof PlatformError && thrown.code === 'ENGINE_UNREACHABLE'
      if (isSilent && way === current) current = ways[(ways.indexOf(way) + 1) % ways.length] ?? way
      throw thrown
    }
  }
  return {
    get where() {
      return current.where
    },
    ask: (...question) => through((way) => way.ask(...question)),
    open: (...question) => through((way) => way.open(...question)),
    close: async () => {
      await Promise.all(ways.map((way) => way.close()))
    },
  }
}

function createTransport({ where, origin, connect, keepAlive, hint }: Route): EngineTransport {
  const options: Agent.Options = { ...(connect && { connect }), maxResponseSize: MAX_ANSWER_BYTES }
  // An act must never meet a kept connection whose other end is gone, nor wait for a question's answer.
  const acts = new Agent({ ...options, maxResponseSize: -1, pipelining: 0 })
  const questions = keepAlive
    ? new Agent({ ...options, connections: 4, keepAliveTimeout: 30_000 })
    : acts
  const unreachable = (why: string, cause?: unknown): PlatformError =>
    new PlatformError('ENGINE_UNREACHABLE', `${where} does not answer: ${why}`, { hint, cause })

  const send = async (
    method: Dispatcher.HttpMethod,
    target: string,
    signal: AbortSignal,
    isStream = false,
  ): Promise<Dispatcher.ResponseData> => {
    const agent = method === 'GET' && !isStream ? questions : acts
    const response = await agent.request({
      origin,
      path: target,
      method,
      signal,
      ...(isStream ? { bodyTimeout: 0 } : {}),
    })
    if (!NO_ENGINE.includes(response.statusCode)) return response
    await response.body.dump()
    throw unreachable(`HTTP ${response.statusCode}`)
  }

  /** Keeps the deadline by itself: a request that waits for its connection does not end when it is aborted. */
  const bounded = async <T>(
    deadlineMs: number,
    what: string,
    work: (stop: AbortSignal) => Promise<T>,
    caller?: AbortSignal,
  ): Promise<T> => {
    const deadline = new AbortController()
    const stop = caller === undefined ? deadline.signal : AbortSignal.any([deadline.signal, caller])
    const overdue = (): PlatformError =>
      unreachable(
        deadline.signal.aborted
          ? `${what} took longer than ${deadlineMs} ms`
          : `${what} was given up`,
      )
    const timer = setTimeout(() => deadline.abort(), deadlineMs)
    try {
      stop.throwIfAborted()
      return await unlessAborted(work(stop), [stop], overdue)
    } catch (thrown) {
      if (thrown instanceof PlatformError) throw thrown
      throw unreachable(thrown instanceof Error ? thrown.message : String(thrown), thrown)
    } finally {
      clearTimeout(timer)
    }
  }

  return {
    where,
    ask: (method, target, deadlineMs) =>
      bounded(deadlineMs, shown(method, target), async (stop) => {
        const response = await send(method, target, stop)
        return { status: response.statusCode, body: await response.body.text() }
      }),
    open: (target, deadlineMs, signal) =>
      bounded(
        deadlineMs,
        shown('GET', target),
        async (stop) => {
          const response = await send('GET', target, stop, true)
          if (response.statusCode === 200) return response.body
          throw refusal(where, 'GET', target, {
            status: response.statusCode,
            body: await response.body.text(),
          })
        },
        signal,
      ),
    close: async () => {
      await Promise.all([acts.destroy(), questions.destroy()])
    },
  }
}

/** Without its query, so that the same trouble has the same words each time. */
const shown = (method: string, target: string): string => `${method} ${target.replace(/\?.*/, '')}`

/** The error of an answer that says no, in the engine's own words. */
export const refusal = (
  where: string,
  method: string,
  target: string,
  { status, body }: EngineAnswer,
): PlatformError =>
  new PlatformError(
    'ENGINE_FAILED',
    `${where} refused ${shown(method, target)} (${status}): ${wordsOf(body)}`,
    { details: { status } },
  )

/** The engine says `{"message": …}`; a proxy says a page. */
const wordsOf = (body: string): string => {
  const message = /"message":\s*("(?:[^"\\]|\\.)*")/.exec(body)?.[1]
  const text = message === undefined ? body.replace(/<[^>]*>/g, ' ') : String(JSON.parse(message))
  return text.replace(/\s+/g, ' ').trim().slice(0, 300)
}
