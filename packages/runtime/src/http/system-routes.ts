/** What every process answers besides its own API: liveness, readiness, metrics. */
import { HEADERS } from '@neuronha/core/contracts/http-names.ts'
import type { FastifyInstance } from 'fastify'
import type { Health } from '../health.ts'
import type { Metrics } from '../metrics.ts'

const HIDDEN = { schema: { hide: true } } as const

export const addSystemRoutes = (
  app: FastifyInstance,
  { health, metrics, replica }: { health: Health; metrics: Metrics; replica: string },
): void => {
  app.get('/livez', HIDDEN, () => ({ status: 'alive', replica }))
  app.get('/readyz', HIDDEN, async (_request, reply) => {
    const { ready } = health.report()
    await reply.status(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready' })
  })
  app.get('/health', HIDDEN, async (_request, reply) => {
    const report = health.report()
    await reply
      .status(report.ready ? 200 : 503)
      .send({ status: report.ready ? 'ready' : 'not ready', replica, ...report })
  })
  app.get('/metrics', HIDDEN, async (_request, reply) => {
    const text = await metrics.text()
    await reply.header('content-type', metrics.contentType).send(text)
  })
  app.addHook('onRequest', (request, reply, done) => {
    void reply
      .header(HEADERS.replica, replica)
      .header(HEADERS.requestId, request.id)
      .header('x-content-type-options', 'nosniff')
      .header('cache-control', 'no-store')
    done()
  })
}
