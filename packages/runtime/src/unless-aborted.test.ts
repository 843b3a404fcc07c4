import { expect, test } from 'vitest'
import { unlessAborted } from './unless-aborted.ts'

const givenUp = (reason: unknown): Error => new Error('given up', { cause: reason })

test('work that is done in time settles as it would by itself', async () => {
  const { signal } = new AbortController()
  await expect(unlessAborted(Promise.resolve(7), [signal], givenUp)).resolves.toBe(7)
  const failing = Promise.reject(new Error('refused'))
  await expect(unlessAborted(failing, [signal], givenUp)).rejects.toThrow('refused')
})

test('either signal ends the wait, with its reason, and one that was aborted before does so at once', async () => {
  const [first, second] = [new AbortController(), new AbortController()]
  const waiting = unlessAborted(
    new Promise(() => undefined),
    [first.signal, second.signal],
    givenUp,
  )
  second.abort('deadline')
  await expect(waiting).rejects.toMatchObject({ message: 'given up', cause: 'deadline' })
  const late = unlessAborted(new Promise(() => undefined), [second.signal], givenUp)
  await expect(late).rejects.toMatchObject({ cause: 'deadline' })
})

test('work that fails after the wait was given up is no unhandled rejection', async () => {
  const unhandled: unknown[] = []
  const note = (reason: unknown): void => void unhandled.push(reason)
  process.on('unhandledRejection', note)
  const work = Promise.withResolvers<never>()
  await expect(unlessAborted(work.promise, [AbortSignal.abort()], givenUp)).rejects.toThrow()
  work.reject(new Error('too late'))
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})
