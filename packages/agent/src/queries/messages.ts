import type { AgentInput, Message } from '@neuronha/core/contracts/agent.ts'
import type { Sql } from '@neuronha/runtime/postgres/sql.ts'
import { SCHEMA } from '../config.ts'

interface MessageRow extends Omit<Message, 'created_at'> {
  readonly created_at: Date
}

const COLUMNS = 'id, session_id, role, content, metadata, created_at'

const toMessage = (row: MessageRow): Message => ({
  id: row.id,
  session_id: row.session_id,
  role: row.role,
  content: row.content,
  metadata: row.metadata,
  created_at: row.created_at.toISOString(),
})

export interface Turn {
  readonly role: Message['role']
  readonly content: string
}

/** What the model is told: who it is, and the conversation up to the message that waits for an answer. */
export interface Conversation {
  readonly message: Message
  readonly agentName: string
  readonly systemPrompt: string
  readonly modelName: string
  readonly config: AgentInput['config']
  /** Oldest first, without the message itself. */
  readonly history: readonly Turn[]
}

interface ConversationRow extends MessageRow {
  readonly agent_name: string
  readonly system_prompt: string
  readonly model_name: string
  readonly config: AgentInput['config']
  readonly history: readonly Turn[]
}

/** How many earlier messages a model sees. */
const HISTORY_LENGTH = 40

const CONTEXT_COLUMNS = `
  a.name AS agent_name, a.system_prompt, a.model_name, a.config,
  (SELECT coalesce(json_agg(json_build_object('role', h.role, 'content', h.content) ORDER BY h.id), '[]')
   FROM (SELECT id, role, content FROM ${SCHEMA}.messages
         WHERE session_id = s.id AND id < $1 ORDER BY id DESC LIMIT ${HISTORY_LENGTH}) h) AS history`

/** The message and its context in one statement; gives no row when the session is not the organisation's. */
const ADD_USER_MESSAGE = `
  WITH added AS (
    INSERT INTO ${SCHEMA}.messages (id, organisation, session_id, role, content, metadata)
    SELECT $1, organisation, id, 'user', $4, $5 FROM ${SCHEMA}.sessions
    WHERE organisation = $2 AND id = $3
    RETURNING ${COLUMNS})
  SELECT m.*, ${CONTEXT_COLUMNS} FROM added m
  JOIN ${SCHEMA}.sessions s ON s.id = m.session_id
  JOIN ${SCHEMA}.agents a ON a.id = s.agent_id`

const FIND_CONVERSATION = `
  SELECT m.id, m.session_id, m.role, m.content, m.metadata, m.created_at, ${CONTEXT_COLUMNS}
  FROM ${SCHEMA}.messages m
  JOIN ${SCHEMA}.sessions s ON s.id = m.session_id
  JOIN ${SCHEMA}.agents a ON a.id = s.agent_id
  WHERE m.id = $1 AND m.organisation = $2`

const toConversation = (row: ConversationRow): Conversation => ({
  message: toMessage(row),
  agentName: row.agent_name,
  systemPrompt: row.system_prompt,
  modelName: row.model_name,
  config: row.config,
  history: row.history,
})

export interface NewMessage {
  readonly id: string
  readonly sessionId: string
  readonly content: string
  readonly metadata: Readonly<Record<string, unknown>>
}

/** Undefined when there is no such session. */
export const addUserMessage = async (
  sql: Sql,
  organisation: string,
  { id, sessionId, content, metadata }: NewMessage,
): Promise<Conversation | undefined> => {
  const values = [id, organisation, sessionId, content, JSON.stringify(metadata)]
  const row = await sql.maybeOne<ConversationRow>(ADD_USER_MESSAGE, values)
  return row && toConversation(row)
}

/** The conversation up to a message that is stored already. */
export const findConversation = async (
  sql: Sql,
  organisation: string,
  messageId: string,
): Promise<Conversation | undefined> => {
  const row = await sql.maybeOne<ConversationRow>(FIND_CONVERSATION, [messageId, organisation])
  return row && toConversation(row)
}

/** An answer; `reply_to` is unique, so a second one for the same message is refused. */
const ADD_ANSWER = `
  INSERT INTO ${SCHEMA}.messages (id, organisation, session_id, role, content, metadata, reply_to)
  VALUES ($1, $2, $3, 'assistant', $4, $5, $6) RETURNING ${COLUMNS}`

export interface NewAnswer {
  readonly id: string
  readonly to: Message
  readonly content: string
  readonly metadata: Readonly<Record<string, unknown>>
}

export const addAnswer = async (
  sql: Sql,
  organisation: string,
  { id, to, content, metadata }: NewAnswer,
): Promise<Message> => {
  const values = [id, organisation, to.session_id, content, JSON.stringify(metadata), to.id]
  return toMessage(await sql.one<MessageRow>(ADD_ANSWER, values))
}

const LIST = `
  SELECT ${COLUMNS} FROM ${SCHEMA}.messages
  WHERE organisation = $1 AND session_id = $2 AND ($3::uuid IS NULL OR id > $3)
    AND ($4::text IS NULL OR role = $4)
    AND ($5::text IS NULL OR words @@ websearch_to_tsquery('simple', $5))
  ORDER BY id LIMIT $6`

export interface MessageListOptions {
  readonly sessionId: string
  readonly afterId: string | null
  readonly role: Message['role'] | undefined
  readonly search: string | undefined
  readonly limit: number
}

/** In the order of the conversation. */
export const listMessages = async (
  sql: Sql,
  organisation: string,
  { sessionId, afterId, role, search, limit }: MessageListOptions,
): Promise<readonly Message[]> => {
  const values = [organisation, sessionId, afterId, role ?? null, search ?? null, limit]
  return (await sql.many<MessageRow>(LIST, values)).map(toMessage)
}

const SEARCH = `
  SELECT ${COLUMNS} FROM ${SCHEMA}.messages
  WHERE organisation = $1 AND words @@ websearch_to_tsquery('simple', $2)
    AND ($3::uuid IS NULL OR id < $3)
  ORDER BY id DESC LIMIT $4`

/** Newest first, over every session of the organisation. */
export const searchMessages = async (
  sql: Sql,
  organisation: string,
  { words, beforeId, limit }: { words: string; beforeId: string | null; limit: number },
): Promise<readonly Message[]> =>
  (await sql.many<MessageRow>(SEARCH, [organisation, words, beforeId, limit])).map(toMessage)
