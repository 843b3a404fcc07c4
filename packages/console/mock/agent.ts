/** The agent's part of the mock: agents, sessions and messages in memory, answers streamed. */
import {
  agent,
  agentInput,
  message,
  messageInput,
  session,
  sessionInput,
  type Agent,
  type Message,
  type Session,
} from '@neuronha/core/contracts/agent.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { randomUUID } from 'node:crypto'

interface Store {
  readonly agents: Agent[]
  readonly sessions: Session[]
  readonly messages: Message[]
  /** What a POST with an Idempotency-Key has stored. */
  readonly stored: Map<string, unknown>
}

const now = (): string => new Date().toISOString()

const newAgent = (input: unknown): Agent =>
  agent.parse({
    ...agentInput.parse(input),
    id: randomUUID(),
    created_at: now(),
    updated_at: now(),
    version: 1,
  })

const newSession = (input: unknown): Session =>
  session.parse({
    ...sessionInput.parse(input),
    id: randomUUID(),
    created_at: now(),
    updated_at: now(),
  })

const newMessage = (sessionId: string, role: Message['role'], content: string): Message =>
  message.parse({
    id: randomUUID(),
    session_id: sessionId,
    role,
    content,
    metadata: {},
    created_at: now(),
  })

export const aStore = (): Store => {
  const agents = [
    newAgent({
      name: 'Runbook',
      description: 'Knows what to do when a member does not stream',
      system_prompt: 'You are terse.',
    }),
    newAgent({ name: 'Support', description: 'Answers questions about orders' }),
    newAgent({ name: 'Plain' }),
  ]
  const sessions = agents
    .slice(0, 1)
    .map(({ id }) => newSession({ agent_id: id, title: 'Why is member-3 behind?' }))
  const messages = sessions.flatMap(({ id }) => [
    newMessage(id, 'user', 'Why is member-3 behind?'),
    newMessage(id, 'assistant', answerTo('Why is member-3 behind?')),
  ])
  return { agents, sessions, messages, stored: new Map() }
}

const answerTo = (question: string): string =>
  [
    `You asked: *${question}*`,
    '',
    'Three things are worth looking at, in this order:',
    '',
    '1. **Replay lag** on the cluster page: bytes tell how much is missing, time tells how old it is.',
    '2. `pg_stat_replication` on the primary: a standby that is not listed does not stream.',
    '3. The slot, if there is one:',
    '',
    '```sql',
    'SELECT slot_name, active, pg_size_pretty(safe_wal_size) FROM pg_replication_slots;',
    '```',
    '',
    'If it does not stream after 15 s, the controller restarts it and then makes it anew.',
  ].join('\n')

const found = <T>(item: T | undefined): T => {
  if (item === undefined) throw new PlatformError('NOT_FOUND', 'There is nothing of that id.')
  return item
}

const pageOf = (items: readonly unknown[]) => ({ items, next_cursor: null })

/** GET below /api/v1/agent. */
export const readAgentApi = (store: Store, path: string): unknown => {
  const [, noun, itemId, child] = path.split('/')
  if (noun === 'agents' && itemId === undefined) return pageOf(store.agents)
  if (noun === 'agents' && child === 'sessions')
    return pageOf(store.sessions.filter(({ agent_id: owner }) => owner === itemId))
  if (noun === 'agents') return found(store.agents.find(({ id }) => id === itemId))
  found(store.sessions.find(({ id }) => id === itemId))
  return pageOf(store.messages.filter(({ session_id: owner }) => owner === itemId))
}

/** POST of an agent or a session. */
export const writeAgentApi = (store: Store, path: string, body: unknown, key: string): unknown => {
  const known = store.stored.get(key)
  if (known !== undefined) return known
  const made = path === '/agents' ? newAgent(body) : newSession(body)
  if (path === '/agents') store.agents.push(made as Agent)
  else store.sessions.push(made as Session)
  store.stored.set(key, made)
  return made
}

export interface Answer {
  readonly message: Message
  readonly answer: Message
  /** An earlier attempt with this key has stored both. */
  readonly isReplay: boolean
}

/** Stores a message and its answer, once per key. */
export const storeMessage = (
  store: Store,
  sessionId: string,
  body: unknown,
  key: string,
): Answer => {
  const known = store.stored.get(key) as Omit<Answer, 'isReplay'> | undefined
  if (known !== undefined) return { ...known, isReplay: true }
  const { content } = messageInput.parse(body)
  const stored = {
    message: newMessage(sessionId, 'user', content),
    answer: newMessage(sessionId, 'assistant', answerTo(content)),
  }
  store.messages.push(stored.message, stored.answer)
  store.stored.set(key, stored)
  return { ...stored, isReplay: false }
}
