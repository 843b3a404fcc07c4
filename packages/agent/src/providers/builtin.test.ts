import { describe, expect, it } from 'vitest'
import type { ModelRequest } from './model-provider.ts'
import { builtinModel } from './builtin.ts'

const aQuestion = (content: string, earlier: readonly string[] = []): ModelRequest => ({
  agentName: 'Ada',
  systemPrompt: '',
  modelName: 'builtin',
  config: {},
  history: earlier.flatMap((text) => [
    { role: 'user' as const, content: text },
    { role: 'assistant' as const, content: 'noted' },
  ]),
  message: {
    id: 'm',
    session_id: 's',
    role: 'user',
    content,
    metadata: {},
    created_at: '2026-01-01T00:00:00.000Z',
  },
})

const answerTo = (...question: Parameters<typeof aQuestion>): string =>
  builtinModel.answer(aQuestion(...question)).join('')

describe('the built-in model', () => {
  it('gives the same answer to the same conversation', () => {
    expect(answerTo('What is a standby?')).toBe(answerTo('What is a standby?'))
    expect(answerTo('What is a standby?')).toContain('What is a standby?')
  })

  it('greets by the agent’s name', () => {
    expect(answerTo('Hello!')).toContain('I am Ada')
  })

  it('summarises what the user wrote, not what it answered', () => {
    const summary = answerTo('Summarise, please', ['The primary died', 'It came back'])
    expect(summary).toContain('1. The primary died\n2. It came back')
    expect(summary).not.toContain('noted')
  })

  it('names what the conversation is about', () => {
    expect(answerTo('The standby lags', ['Is the standby fresh?'])).toContain('standby')
  })

  it('streams the whole answer, in several pieces', () => {
    const chunks = builtinModel.answer(aQuestion('one two three four five six seven'))
    expect(chunks.length).toBeGreaterThan(2)
    expect(chunks.every((chunk) => chunk !== '')).toBe(true)
  })

  it('shortens a very long message without cutting a character in two', () => {
    const family = '👩‍👩‍👧‍👧'
    const answer = answerTo(family.repeat(400))
    expect(answer.split(family)).toHaveLength(281)
    expect(answer).toContain(`${family}…`)
  })
})
