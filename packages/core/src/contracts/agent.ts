/** NeuronAgent's HTTP API: one schema for validation, types and OpenAPI. Paths are as inside the service. */
import { z } from 'zod'

export const id = z.uuid().describe('UUIDv7')
const timestamp = z.iso.datetime({ offset: true })

export const agentInput = z
  .strictObject({
    name: z.string().trim().min(1).max(200),
    description: z.string().max(4000).default(''),
    system_prompt: z.string().max(100_000).default(''),
    model_name: z.string().min(1).max(200).default('builtin'),
    enabled_tools: z.array(z.string().min(1).max(100)).max(100).default([]),
    config: z
      .strictObject({
        temperature: z.number().min(0).max(2).optional(),
        max_tokens: z.int().min(1).max(1_000_000).optional(),
        top_p: z.number().min(0).max(1).optional(),
      })
      .default({}),
  })
  .meta({ id: 'AgentInput' })
export type AgentInput = z.infer<typeof agentInput>

export const agent = agentInput
  .extend({
    id,
    created_at: timestamp,
    updated_at: timestamp,
    version: z.int().describe('Grows with every change; the ETag'),
  })
  .meta({ id: 'Agent' })
export type Agent = z.infer<typeof agent>

export const sessionInput = z
  .strictObject({
    agent_id: id,
    title: z.string().max(500).default(''),
    metadata: z.record(z.string(), z.unknown()).default({}),
  })
  .meta({ id: 'SessionInput' })

export const session = z
  .object({
    id,
    agent_id: id,
    title: z.string(),
    metadata: z.record(z.string(), z.unknown()),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({ id: 'Session' })
export type Session = z.infer<typeof session>

export const messageInput = z
  .strictObject({
    role: z.literal('user').default('user'),
    content: z.string().min(1).max(1_000_000),
    stream: z.boolean().default(false).describe('true: answer as server-sent events'),
    metadata: z.record(z.string(), z.unknown()).default({}),
  })
  .meta({ id: 'MessageInput' })
export type MessageInput = z.infer<typeof messageInput>

export const message = z
  .object({
    id,
    session_id: id,
    role: z.enum(['user', 'assistant']),
    content: z.string(),
    metadata: z.record(z.string(), z.unknown()),
    created_at: timestamp,
  })
  .meta({ id: 'Message' })
export type Message = z.infer<typeof message>

/** What POST /sessions/{id}/messages answers when not streaming: what was stored. */
export const exchange = z.object({ message, answer: message }).meta({ id: 'Exchange' })
export type Exchange = z.infer<typeof exchange>

export const page = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    next_cursor: z
      .string()
      .nullable()
      .describe('Send as `cursor` for the next page; null on the last one'),
  })

export const pageQuery = z.strictObject({
  cursor: z.string().max(500).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
})

export const messageQuery = pageQuery.extend({
  role: z.enum(['user', 'assistant']).optional(),
  search: z.string().min(1).max(500).optional().describe('Messages that contain these words'),
})

/** Search over every message of the caller's organisation; MCP's `search_messages` uses it. */
export const messageSearchQuery = pageQuery.extend({ q: z.string().min(1).max(500) })

export const STREAM_EVENTS = ['message', 'chunk', 'done', 'error'] as const
