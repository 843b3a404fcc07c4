/** Rate, errors and latency of requests by route template, and the access log. Never raw paths or ids as labels. */
import type { FastifyInstance } from 'fastify'
import type { Metrics } from '../metrics.ts'

/** Routes that others ask every few seconds, by themselves. */
const MACHINE_ROUTES = new Set(['/livez', '/readyz', '/health', '/metrics'])

export const isMachineRoute = (route: string | undefined): boolean =>
  route !== undefined && MACHINE_ROUTES.has(route)

export const addRequestMetrics = (app: FastifyInstance, metrics: Metrics): void => {
  const requests = metrics.counter('http_requests_total', 'Requests answered', [
    'method',
    'route',
    'status',
  ])
  const seconds = metrics.histogram(
    'http_request_duration_seconds',
    'Time until the answer was sent in full',
    ['method', 'route'],
  )
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unmatched'
    const { method } = request
    requests.inc({ method, route, status: String(reply.statusCode) })
    seconds.observe({ method, route }, reply.elapsedTime / 1000)
    const entry = { method, route, status: reply.statusCode, ms: Math.round(reply.elapsedTime) }
    if (isMachineRoute(route)) request.log.debug(entry, 'request')
    else request.log.info(entry, 'request')
    done()
  })
}
