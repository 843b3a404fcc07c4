/** What the tools need from the world, as ports; `createSources` connects them to it. */
import type { Message } from '@neuronha/core/contracts/agent.ts'
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import type { QueryAnswer } from '@neuronha/runtime/postgres/session-database.ts'

export interface MessageSearch {
  readonly query: string
  readonly limit: number
  readonly cursor: string | undefined
}

export interface MessagePage {
  readonly items: readonly Message[]
  readonly next_cursor: string | null
}

export interface Sources {
  readonly clusterStatus: (signal: AbortSignal) => Promise<ClusterStatus>
  /** One statement by the role, the pooler database and the transaction that cannot write. */
  readonly query: (sql: string, signal: AbortSignal) => Promise<QueryAnswer>
  readonly searchMessages: (search: MessageSearch, signal: AbortSignal) => Promise<MessagePage>
}
