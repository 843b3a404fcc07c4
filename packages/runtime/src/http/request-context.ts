/** Who a request is: its id and trace, from the edge or made here, and whether its client is still there. */
import type { IncomingMessage } from 'node:http'
import { HEADERS } from '@neuronha/core/contracts/http-names.ts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { newId } from '../clock.ts'
import { startTrace, traceparentOf, type TraceContext } from '../traceparent.ts'

const REQUEST_ID = /^[\w.:-]{8,128}$/

const traces = new WeakMap<IncomingMessage, TraceContext>()

/** The trace of a request; the same object for its whole life. */
export const traceOf = (raw: IncomingMessage): TraceContext => {
  const known = traces.get(raw)
  if (known !== undefined) return known
  const header = raw.headers[HEADERS.traceparent]
  const trace = startTrace(typeof header === 'string' ? header : undefined)
  traces.set(raw, trace)
  return trace
}

/** The edge's id, or a new one. */
export const requestIdOf = (raw: IncomingMessage): string => {
  const given = raw.headers[HEADERS.requestId]
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : newId()
}

/** Headers for a call that serves this request, so that both ends log the same ids. */
export const contextHeaders = (request: FastifyRequest): Readonly<Record<string, string>> => ({
  [HEADERS.requestId]: request.id,
  [HEADERS.traceparent]: traceparentOf(traceOf(request.raw)),
})

/** Aborts when the client leaves before it has the whole answer. */
export const clientSignal = (reply: FastifyReply): AbortSignal => {
  const controller = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort()
  })
  return controller.signal
}
