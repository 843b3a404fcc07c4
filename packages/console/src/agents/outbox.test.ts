import type { Message } from '@neuronha/core/contracts/agent.ts'
import { describe, expect, it } from 'vitest'
import { oldestFirst } from '../api/agents.ts'
import { toApiError } from '../api/errors.ts'
import { parseAnswerEvent } from '../api/send-message.ts'
import { applyEvent, type Outgoing } from './outbox.ts'
import { titleOf } from './title.ts'

const aMessage = (role: Message['role'], content: string): Message => ({
  id: crypto.randomUUID(),
  session_id: crypto.randomUUID(),
  role,
  content,
  metadata: {},
  created_at: '2026-11-23T10:00:00.000Z',
})

const OUTGOING: Outgoing = {
  sessionId: 's',
  agentId: 'a',
  idempotencyKey: 'k',
  content: 'Hello',
  state: 'reconnecting',
  stored: null,
  answer: 'half an ans',
  error: null,
}

const event = (name: string, data: unknown) => ({
  event: name,
  data: JSON.stringify(data),
  id: null,
})

describe('a message on its way', () => {
  it('begins its answer again with a new attempt, instead of doubling what it had', () => {
    const stored = aMessage('user', 'Hello')
    const again = applyEvent(OUTGOING, { kind: 'stored', message: stored })
    expect(again).toMatchObject({ state: 'answering', answer: '', stored })
    expect(applyEvent(again, { kind: 'chunk', text: 'half' }).answer).toBe('half')
  })

  it('shows what was stored once the answer is done', () => {
    const answer = aMessage('assistant', 'The whole answer')
    expect(applyEvent(OUTGOING, { kind: 'done', answer }).answer).toBe('The whole answer')
  })
})

describe('events of an answer', () => {
  it('are read by their contract', () => {
    const message = aMessage('user', 'Hello')
    const answer = aMessage('assistant', 'Hi')
    expect(parseAnswerEvent(event('message', message))).toEqual({ kind: 'stored', message })
    expect(parseAnswerEvent(event('chunk', { content: 'H' }))).toEqual({ kind: 'chunk', text: 'H' })
    expect(parseAnswerEvent(event('done', { ...answer, last_write: 'token' }))).toEqual({
      kind: 'done',
      answer,
      lastWrite: 'token',
    })
    expect(parseAnswerEvent(event('tool_calls', {}))).toBeNull()
  })

  it('carry an error that says whether to try again', () => {
    const problem = (code: string, status: number) => ({
      type: `urn:neuronha:error:${code}`,
      title: 'no',
      status,
      code,
      requestId: 'r',
    })
    const thrownBy = (data: unknown): unknown => {
      try {
        return parseAnswerEvent(event('error', data))
      } catch (thrown) {
        return thrown
      }
    }
    expect(toApiError(thrownBy(problem('MODEL_FAILED', 502))).isRetryable).toBe(true)
    expect(toApiError(thrownBy(problem('FORBIDDEN', 403))).isRetryable).toBe(false)
  })
})

describe('lists', () => {
  it('are oldest first, each item once', () => {
    const first = { id: 'b', created_at: '2026-11-23T10:00:00Z' }
    const second = { id: 'a', created_at: '2026-11-23T10:00:01Z' }
    const pages = [
      { items: [second, first], next_cursor: 'x' },
      { items: [first], next_cursor: null },
    ]
    expect(oldestFirst(pages)).toEqual([first, second])
  })
})

describe('a session’s title', () => {
  it('is the first line, cut at a word', () => {
    expect(titleOf('  Why?\nBecause.')).toBe('Why?')
    expect(titleOf('word '.repeat(30))).toBe(`${'word '.repeat(12).trim()}…`)
    expect(titleOf('x'.repeat(100))).toBe(`${'x'.repeat(60)}…`)
  })
})
