/**
 * Leaving without dropping a request.
 *
 * serving   normal.
 * noticing  readiness fails; requests not yet begun get 503 DRAINING with Retry-After, which the edge sends
 *           elsewhere; connections are closed by their next answer, never under a request in flight.
 * finishing the listener is closed; what was begun is finished, for a bounded time.
 * closed    everything that is left is cut.
 */
import { NOT_BEGUN } from '@neuronha/core/contracts/http-names.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import type { FastifyInstance } from 'fastify'
import { sleep } from '../clock.ts'
import type { Health } from '../health.ts'
import type { Logger } from '../logger.ts'
import { isMachineRoute } from './request-metrics.ts'

export interface DrainOptions {
  readonly health: Health
  readonly logger: Logger
  readonly noticeMs: number
  readonly finishMs: number
}

const POLL_MS = 25

/** Adds the drain to an app; the returned function runs it and closes the app. */
export const addDrain = (app: FastifyInstance, options: DrainOptions): (() => Promise<void>) => {
  const { health, logger } = options
  let inFlight = 0
  app.addHook('onRequest', (request, reply, done) => {
    if (!health.isDraining() || isMachineRoute(request.routeOptions.url)) {
      inFlight += 1
      let counted = true
      const leave = (): void => {
        if (counted) inFlight -= 1
        counted = false
      }
      reply.raw.once('finish', leave)
      reply.raw.once('close', leave)
      done()
      return
    }
    void reply.header('connection', 'close').header(NOT_BEGUN.header, NOT_BEGUN.value)
    done(new PlatformError('DRAINING', 'This replica is shutting down'))
  })
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (health.isDraining()) void reply.header('connection', 'close')
    done(null, payload)
  })
  return async () => {
    if (!health.isDraining()) {
      health.setDraining()
      logger.info({ inFlight }, 'draining')
      await sleep(options.noticeMs)
    }
    const server = app.server
    server.close()
    server.closeIdleConnections()
    const until = performance.now() + options.finishMs
    while (inFlight > 0 && performance.now() < until) {
      await sleep(POLL_MS)
      server.closeIdleConnections()
    }
    if (inFlight > 0) logger.warn({ inFlight }, 'requests were cut')
    server.closeAllConnections()
    await app.close()
  }
}
