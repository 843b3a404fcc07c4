/** What was said to agents and by them. */
import { z } from 'zod'
import { defineTool, READ_ONLY } from './tool.ts'

/** Longest excerpt of a message, in characters; the whole one is at the agent's API. */
const MAX_EXCERPT_LENGTH = 2000

const output = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      session_id: z.string(),
      role: z.enum(['user', 'assistant']),
      content: z.string(),
      shortened: z.boolean().describe('The message is longer than this excerpt'),
      created_at: z.string(),
    }),
  ),
  next_cursor: z
    .string()
    .nullable()
    .describe('Send as `cursor` for more; null when there is no more'),
})
type FoundMessage = z.infer<typeof output>['items'][number]

const messageLines = ({ created_at: at, role, session_id: session, content }: FoundMessage) =>
  `[${at}] ${role} in session ${session}:\n${content}`

export const searchMessages = defineTool({
  name: 'search_messages',
  title: 'Search messages',
  description:
    'Finds messages between users and agents that contain the given words, newest first, in every session. ' +
    'Returns excerpts with their session ids; `next_cursor` leads to more.',
  input: z.strictObject({
    query: z.string().trim().min(1).max(500).describe('Words to look for'),
    limit: z.int().min(1).max(50).default(20),
    cursor: z.string().max(500).optional().describe('next_cursor of the previous answer'),
  }),
  output,
  access: 'read',
  annotations: READ_ONLY,
  run: async ({ query, limit, cursor }, { searchMessages: search }, signal) => {
    const page = await search({ query, limit, cursor }, signal)
    const items = page.items.map(({ id, session_id, role, content, created_at }) => ({
      id,
      session_id,
      role,
      content: content.slice(0, MAX_EXCERPT_LENGTH),
      shortened: content.length > MAX_EXCERPT_LENGTH,
      created_at,
    }))
    const count = `${items.length} ${items.length === 1 ? 'message' : 'messages'}`
    const more = page.next_cursor === null ? '.' : ' of more; next_cursor leads on.'
    return {
      text: [`${count}${more}`, ...items.map(messageLines)].join('\n\n'),
      data: { items, next_cursor: page.next_cursor },
    }
  },
})
