import { expect, test } from 'vitest'
import { z } from 'zod'
import type { HttpAnswer, HttpClient } from '../observe/http-client.ts'
import { createEtcdClient } from './etcd-client.ts'

interface Sent {
  readonly url: string
  readonly token: string | undefined
}

const aClient = (answer: (sent: Sent, nth: number) => HttpAnswer | Error) => {
  const sent: Sent[] = []
  const http: HttpClient = {
    get: () => Promise.reject(new Error('not asked')),
    post: (url, _body, _signal, headers) => {
      sent.push({ url, token: headers?.['authorization'] })
      const reply = answer({ url, token: headers?.['authorization'] }, sent.length)
      return reply instanceof Error ? Promise.reject(reply) : Promise.resolve(reply)
    },
    close: () => Promise.resolve(),
  }
  const endpoints = ['https://a:2379', 'https://b:2379/']
  const client = createEtcdClient({ http, endpoints, user: 'u', password: 'p', timeoutMs: 100 })
  return { client, sent }
}
const ok = (body: unknown): HttpAnswer => ({ status: 200, body: JSON.stringify(body) })
const refused = (message: string): HttpAnswer => ({
  status: 401,
  body: JSON.stringify({ code: 16, message }),
})
const login = (url: string) => url.endsWith('/v3/auth/authenticate')
const anything = z.looseObject({})

test('logs in once and sends its token with every call', async () => {
  const { client, sent } = aClient(({ url }) => (login(url) ? ok({ token: 't1' }) : ok({ n: 1 })))
  await client.call('kv/range', {}, anything)
  await client.call('kv/range', {}, anything)
  expect(sent.map(({ token }) => token)).toEqual([undefined, 't1', 't1'])
})

test('logs in again when etcd no longer knows the token', async () => {
  let logins = 0
  const { client } = aClient(({ url, token }) => {
    if (login(url)) return ok({ token: `t${++logins}` })
    return token === 't2' ? ok({ n: 1 }) : refused('etcdserver: invalid auth token')
  })
  await client.call('kv/range', {}, anything)
  expect(logins).toBe(2)
})

test('goes to the next member when one is silent, and stays there', async () => {
  const { client, sent } = aClient(({ url }) => {
    if (url.startsWith('https://a')) return new Error('silent')
    return login(url) ? ok({ token: 't' }) : ok({ n: 1 })
  })
  await client.call('kv/range', {}, anything)
  await client.call('kv/range', {}, anything)
  expect(sent.at(-1)?.url).toBe('https://b:2379/v3/kv/range')
  expect(sent.filter(({ url }) => url.startsWith('https://a'))).toHaveLength(1)
})

test('takes the first object of a stream', async () => {
  const { client } = aClient(({ url }) =>
    login(url) ? ok({ token: 't' }) : { status: 200, body: '{"result":{"TTL":"5"}}\n' },
  )
  const answer = await client.call(
    'lease/keepalive',
    {},
    z.object({ result: z.object({ TTL: z.string() }) }),
  )
  expect(answer.result.TTL).toBe('5')
})

test('says that no member answered when none did', async () => {
  const { client } = aClient(() => new Error('silent'))
  await expect(client.call('kv/range', {}, anything)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})
