import { createSilentLogger } from '@neuronha/runtime/logger.ts'
import { describe, expect, it } from 'vitest'
import { PlatformError } from '@neuronha/core/errors.ts'
import type { ModelProvider, RemoteModel } from '../providers/model-provider.ts'
import { builtinModel } from '../providers/builtin.ts'
import { aPosting, FakeStore } from '../testing.ts'
import { beginExchange, runExchange, type ExchangeDeps } from './exchange.ts'
import { LEASE_MS } from './lease.ts'

const depsWith = (store: FakeStore, provider: ModelProvider): ExchangeDeps => ({
  database: store.database,
  records: store.records,
  provider,
  logger: createSilentLogger(),
})

/** A remote model that answers with what `answer` gives, and counts how often it was asked. */
const aRemoteModel = (answer: (tries: number) => Promise<string>) => {
  const asked: string[] = []
  const model: RemoteModel = {
    kind: 'remote',
    name: 'far',
    answer: ({ message }) => {
      asked.push(message.content)
      return answer(asked.length)
    },
  }
  return { model, asked }
}

const contents = (store: FakeStore): string[] => store.messages.map(({ content }) => content)

describe('with a local model', () => {
  it('stores message and answer together', async () => {
    const store = new FakeStore()
    const { exchange } = await runExchange(depsWith(store, builtinModel), aPosting('Hello'))
    expect(contents(store)).toEqual(['Hello', exchange.answer.content])
  })

  it('gives the same exchange for the same key, and stores nothing twice', async () => {
    const store = new FakeStore()
    const deps = depsWith(store, builtinModel)
    const first = await runExchange(deps, aPosting('Hello'))
    const second = await runExchange(deps, aPosting('Hello'))
    expect(second.exchange).toEqual(first.exchange)
    expect(store.messages).toHaveLength(2)
  })

  it('finds out what became of a COMMIT whose answer was lost', async () => {
    const store = new FakeStore()
    store.commits.push('unknown')
    const { exchange } = await runExchange(depsWith(store, builtinModel), aPosting('Hello'))
    expect(store.messages.map(({ id }) => id)).toEqual([exchange.message.id, exchange.answer.id])
  })

  it('keeps nothing for a session that is not there', async () => {
    const store = new FakeStore()
    const posting = { ...aPosting('Hello'), sessionId: 'another' }
    await expect(runExchange(depsWith(store, builtinModel), posting)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
    expect(store.messages).toHaveLength(0)
  })
})

describe('with a remote model', () => {
  it('stores the message before the model is asked', async () => {
    const store = new FakeStore()
    const { model } = aRemoteModel(() => {
      expect(contents(store)).toEqual(['Hello'])
      return Promise.resolve('Hi')
    })
    await runExchange(depsWith(store, model), aPosting('Hello'))
    expect(contents(store)).toEqual(['Hello', 'Hi'])
  })

  it('keeps the message when the model fails, and a retry with the key goes on from it', async () => {
    const store = new FakeStore()
    const { model, asked } = aRemoteModel((tries) =>
      tries === 1
        ? Promise.reject(new PlatformError('MODEL_FAILED', 'no answer'))
        : Promise.resolve('Hi'),
    )
    const deps = depsWith(store, model)
    await expect(runExchange(deps, aPosting('Hello'))).rejects.toMatchObject({
      code: 'MODEL_FAILED',
    })
    await runExchange(deps, aPosting('Hello'))
    expect(contents(store)).toEqual(['Hello', 'Hi'])
    expect(asked).toHaveLength(2)
  })

  it('takes over from a replica that died, once its lease has run out', async () => {
    const store = new FakeStore()
    const { model } = aRemoteModel(() => Promise.resolve('Hi'))
    const deps = depsWith(store, model)
    const begun = await beginExchange(deps, aPosting('Hello'))
    expect(begun.kind).toBe('asking')
    store.now = LEASE_MS
    await runExchange(deps, aPosting('Hello'))
    expect(contents(store)).toEqual(['Hello', 'Hi'])
  })

  it('does not let a worker that was frozen add a second answer', async () => {
    const store = new FakeStore()
    const { model } = aRemoteModel((tries) => Promise.resolve(`answer ${tries}`))
    const deps = depsWith(store, model)
    const frozen = await beginExchange(deps, aPosting('Hello'))
    store.now = LEASE_MS
    const taken = await runExchange(deps, aPosting('Hello'))
    const woken = frozen.kind === 'asking' ? await frozen.ask(() => undefined) : frozen
    expect(woken.exchange).toEqual(taken.exchange)
    expect(contents(store)).toEqual(['Hello', 'answer 1'])
  })

  it('finds its own answer when the last COMMIT went through unseen', async () => {
    const store = new FakeStore()
    const { model, asked } = aRemoteModel(() => Promise.resolve('Hi'))
    store.commits.push('kept', 'unknown')
    const { exchange } = await runExchange(depsWith(store, model), aPosting('Hello'))
    expect(exchange.answer.content).toBe('Hi')
    expect(contents(store)).toEqual(['Hello', 'Hi'])
    expect(asked).toHaveLength(1)
  })

  it('answers 409 when the first try is still at work', async () => {
    const store = new FakeStore()
    const { model } = aRemoteModel(() => Promise.resolve('Hi'))
    const deps = { ...depsWith(store, model), waitForFirstMs: 0 }
    await beginExchange(deps, aPosting('Hello'))
    await expect(runExchange(deps, aPosting('Hello'))).rejects.toMatchObject({
      code: 'IDEMPOTENCY_IN_FLIGHT',
      details: { retryAfterSeconds: 1 },
    })
  })
})
