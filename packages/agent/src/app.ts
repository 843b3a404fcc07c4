/** NeuronAgent's routes on an HTTP host. Takes all it needs, opens nothing. */
import assert from 'node:assert/strict'
import type { App } from '@neuronha/runtime/http-host.ts'
import type { IdempotencyRecords } from '@neuronha/runtime/idempotency.ts'
import type { Database } from '@neuronha/runtime/postgres/database.ts'
import type { FastifyRequest } from 'fastify'
import type { Authenticator, Caller } from './auth.ts'
import type { ModelProvider } from './providers/model-provider.ts'
import { addAgentRoutes } from './routes/agents.ts'
import { addMessageRoutes } from './routes/messages.ts'
import { addSessionRoutes } from './routes/sessions.ts'

export interface AgentAppDeps {
  readonly database: Database
  readonly records: IdempotencyRecords
  readonly authenticator: Authenticator
  readonly provider: ModelProvider
  readonly signingKey: string
}

export const addAgentApi = async (
  app: App,
  { authenticator, ...deps }: AgentAppDeps,
): Promise<void> => {
  const callers = new WeakMap<FastifyRequest, Caller>()
  const callerOf = (request: FastifyRequest): Caller => {
    const caller = callers.get(request)
    assert(caller !== undefined, 'a route was reached without authentication')
    return caller
  }
  const context = { ...deps, callerOf }
  await app.register(
    (plugin, _options, done) => {
      const api = plugin as unknown as App
      api.addHook('onRequest', async (request) => {
        const plain = request as unknown as FastifyRequest
        callers.set(plain, await authenticator.authenticate(request.headers.authorization))
      })
      addAgentRoutes(api, context)
      addSessionRoutes(api, context)
      addMessageRoutes(api, context)
      done()
    },
    { prefix: '/api/v1' },
  )
}
