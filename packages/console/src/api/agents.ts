/** The agent's API through the desktop API's proxy: agents, sessions, messages. */
import {
  agent,
  message,
  page,
  session,
  type Agent,
  type Message,
  type Session,
} from '@neuronha/core/contracts/agent.ts'
import { infiniteQueryOptions, queryOptions, type QueryClient } from '@tanstack/react-query'
import { request } from './client.ts'
import { lastWrite } from './last-write.ts'
import { browserClock, withRetries } from './retry.ts'
import { csrfTokenOf } from './session.ts'

export const AGENT_API = '/api/v1/agent'
const PAGE_SIZE = 200
/** Long enough for a failover that has to wait for a lease. */
const PATIENCE_MS = 30_000

const agentPage = page(agent)
const sessionPage = page(session)
const messagePage = page(message)

interface Page<T> {
  readonly items: readonly T[]
  readonly next_cursor: string | null
}

const pagePath = (path: string, cursor: string | null): string => {
  const search = new URLSearchParams({ limit: String(PAGE_SIZE) })
  if (cursor !== null) search.set('cursor', cursor)
  return `${AGENT_API}${path}?${search.toString()}`
}

const FIRST_PAGE = null as string | null

const nextCursor = (last: Page<unknown>): string | null => last.next_cursor

export const agentsQuery = infiniteQueryOptions({
  queryKey: ['agents'],
  queryFn: async ({ pageParam, signal }): Promise<Page<Agent>> => {
    const path = pagePath('/agents', pageParam)
    return (await request({ path, schema: agentPage, signal })).body
  },
  initialPageParam: FIRST_PAGE,
  getNextPageParam: nextCursor,
})

export const agentQuery = (agentId: string) =>
  queryOptions({
    queryKey: ['agent', agentId],
    queryFn: async ({ signal }): Promise<Agent> => {
      const path = `${AGENT_API}/agents/${encodeURIComponent(agentId)}`
      return (await request({ path, schema: agent, signal })).body
    },
  })

export const sessionsQuery = (agentId: string) =>
  infiniteQueryOptions({
    queryKey: ['sessions', agentId],
    queryFn: async ({ pageParam, signal }): Promise<Page<Session>> => {
      const path = pagePath(`/agents/${encodeURIComponent(agentId)}/sessions`, pageParam)
      return (await request({ path, schema: sessionPage, signal })).body
    },
    initialPageParam: FIRST_PAGE,
    getNextPageParam: nextCursor,
  })

export const messagesQuery = (sessionId: string) =>
  infiniteQueryOptions({
    queryKey: ['messages', sessionId],
    queryFn: async ({ pageParam, signal }): Promise<Page<Message>> => {
      const path = pagePath(`/sessions/${encodeURIComponent(sessionId)}/messages`, pageParam)
      return (await request({ path, schema: messagePage, signal, lastWrite: lastWrite() })).body
    },
    initialPageParam: FIRST_PAGE,
    getNextPageParam: nextCursor,
  })

interface Dated {
  readonly id: string
  readonly created_at: string
}

const byAge = (one: Dated, other: Dated): number =>
  one.created_at === other.created_at
    ? one.id.localeCompare(other.id)
    : Date.parse(one.created_at) - Date.parse(other.created_at)

/** All items of the loaded pages, oldest first, each once (a page may shift while another loads). */
export const oldestFirst = <T extends Dated>(pages: readonly Page<T>[]): readonly T[] =>
  [...new Map(pages.flatMap(({ items }) => items).map((item) => [item.id, item])).values()].sort(
    byAge,
  )

export interface NewAgent {
  readonly name: string
  readonly description: string
  readonly system_prompt: string
}

/** Creates an agent. The key makes a retry, also one by hand, create no second. */
export const createAgent = async (
  client: QueryClient,
  input: NewAgent,
  idempotencyKey: string,
): Promise<Agent> => {
  const create = () =>
    request({
      method: 'POST',
      path: `${AGENT_API}/agents`,
      body: input,
      schema: agent,
      csrfToken: csrfTokenOf(client),
      idempotencyKey,
    })
  const { body } = await withRetries(create, { patienceMs: PATIENCE_MS, clock: browserClock })
  client.setQueryData(agentQuery(body.id).queryKey, body)
  await client.invalidateQueries({ queryKey: agentsQuery.queryKey })
  return body
}

export const createSession = async (
  client: QueryClient,
  agentId: string,
  { title, idempotencyKey }: { readonly title: string; readonly idempotencyKey: string },
): Promise<Session> => {
  const create = () =>
    request({
      method: 'POST',
      path: `${AGENT_API}/sessions`,
      body: { agent_id: agentId, title },
      schema: session,
      csrfToken: csrfTokenOf(client),
      idempotencyKey,
    })
  const { body } = await withRetries(create, { patienceMs: PATIENCE_MS, clock: browserClock })
  await client.invalidateQueries({ queryKey: sessionsQuery(agentId).queryKey })
  return body
}
