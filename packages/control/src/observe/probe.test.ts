import { expect, test } from 'vitest'
import { createProbe } from './probe.ts'

test('answers within its deadline although the part never does', async () => {
  const probe = createProbe({
    waitMs: 10,
    giveUpMs: 20,
    ask: () => new Promise<never>(() => undefined),
  })
  const startedAt = performance.now()
  expect(await probe()).toEqual({ ok: false, why: 'no answer within 20 ms' })
  expect(await probe()).toEqual({ ok: false, why: 'no answer within 10 ms' })
  expect(performance.now() - startedAt).toBeLessThan(500)
})

test('keeps one open question to a part that is silent', async () => {
  let asked = 0
  const probe = createProbe({
    waitMs: 5,
    giveUpMs: 5,
    ask: () => {
      asked += 1
      return new Promise<never>(() => undefined)
    },
  })
  await probe()
  await probe()
  expect(asked).toBe(1)
})

test('keeps a good answer for as long as it is fresh, and no failure at all', async () => {
  let [now, asked] = [0, 0]
  const probe = createProbe({
    waitMs: 50,
    giveUpMs: 50,
    everyMs: 1000,
    now: () => now,
    ask: () => {
      asked += 1
      return asked === 1 ? Promise.reject(new Error('boom')) : Promise.resolve(asked)
    },
  })
  expect(await probe()).toEqual({ ok: false, why: 'boom' })
  expect(await probe()).toEqual({ ok: true, value: 2 })
  now = 999
  expect(await probe()).toEqual({ ok: true, value: 2 })
  now = 1000
  expect(await probe()).toEqual({ ok: true, value: 3 })
})

test('says a refused connection in words', async () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:1'), {
    code: 'ECONNREFUSED',
  })
  const probe = createProbe({ waitMs: 50, giveUpMs: 50, ask: () => Promise.reject(refused) })
  expect(await probe()).toEqual({ ok: false, why: 'connection refused' })
})

test('lets a slow question end, so that the next look finds its connection open', async () => {
  let connected = false
  const probe = createProbe({
    waitMs: 5,
    giveUpMs: 1000,
    ask: async () => {
      if (!connected) await new Promise((resolve) => setTimeout(resolve, 60))
      connected = true
      return 'here'
    },
  })
  // the first caller waits for the connection; afterwards nobody waits longer than 5 ms
  expect(await probe()).toEqual({ ok: true, value: 'here' })
  connected = false
  expect(await probe()).toEqual({ ok: false, why: 'no answer within 5 ms' })
  await new Promise((resolve) => setTimeout(resolve, 120))
  expect(await probe()).toEqual({ ok: true, value: 'here' })
})
