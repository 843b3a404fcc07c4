/** The tools' ports over the real things: the controller and the agent through the edge, SQL through the poolers. */
import { message, page } from '@neuronha/core/contracts/agent.ts'
import { clusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import type { McpConfig } from '@neuronha/core/config/processes.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import type { Metrics } from '@neuronha/runtime/metrics.ts'
import { createSessionDatabase } from '@neuronha/runtime/postgres/session-database.ts'
import type { TlsFiles } from '@neuronha/runtime/tls.ts'
import { createUpstreamClient } from '@neuronha/runtime/upstream-client.ts'
import type { z } from 'zod'
import type { Sources } from './sources.ts'

export interface OpenSources extends Sources {
  close(): Promise<void>
}

export interface CreateSourcesOptions {
  readonly config: Pick<McpConfig, 'agent' | 'controller' | 'replica' | 'session'>
  /** Absent only in tests. */
  readonly tls?: TlsFiles | undefined
  readonly metrics: Metrics
}

const STATUS_TIMEOUT_MS = 5000
const SEARCH_TIMEOUT_MS = 15_000

const messagePage = page(message)

const parseAnswer = <T extends z.ZodType>(schema: T, answer: unknown, who: string): z.infer<T> => {
  const parsed = schema.safeParse(answer)
  if (parsed.success) return parsed.data
  throw new PlatformError(
    'UPSTREAM_FAILED',
    `${who} answered with something that is not its contract`,
    {
      cause: parsed.error,
    },
  )
}

export const createSources = ({ config, tls, metrics }: CreateSourcesOptions): OpenSources => {
  const controller = createUpstreamClient({
    name: 'controller',
    config: config.controller,
    tls,
    metrics,
  })
  const agent = createUpstreamClient({ name: 'agent', config: config.agent, tls, metrics })
  const { poolers, user, password, database, statementTimeoutMs, rowLimit } = config.session
  const sessions = createSessionDatabase({
    poolers,
    login: { user, password, database },
    tls,
    replica: config.replica,
    statementTimeoutMs,
    rowLimit,
  })
  return {
    clusterStatus: async (signal) => {
      const path = '/v1/cluster'
      const answer = await controller.json({
        method: 'GET',
        path,
        timeoutMs: STATUS_TIMEOUT_MS,
        signal,
      })
      return parseAnswer(clusterStatus, answer, 'The controller')
    },
    query: (sql, signal) => sessions.query(sql, signal),
    searchMessages: async ({ query, limit, cursor }, signal) => {
      const answer = await agent.json({
        method: 'GET',
        path: '/api/v1/messages/search',
        query: { q: query, limit, cursor },
        timeoutMs: SEARCH_TIMEOUT_MS,
        signal,
      })
      return parseAnswer(messagePage, answer, 'The agent')
    },
    close: async () => {
      await Promise.all([controller.close(), agent.close()])
    },
  }
}
