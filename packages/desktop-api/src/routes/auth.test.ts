import type { Problem } from '@neuronha/core/contracts/problem.ts'
import { describe, expect, it } from 'vitest'
import { ADMIN, aReplica, signInAt, withAdmin, type Fixture } from '../testing.ts'

const signIn = ({ host }: Fixture, payload: object = ADMIN, headers: Record<string, string> = {}) =>
  host.app.inject({ method: 'POST', url: '/api/v1/auth/sign-in', headers, payload })

const session = ({ host }: Fixture, cookie: string) =>
  host.app.inject({ method: 'GET', url: '/api/v1/auth/session', headers: { cookie } })

const signOut = ({ host }: Fixture, headers: Record<string, string>) =>
  host.app.inject({ method: 'POST', url: '/api/v1/auth/sign-out', headers, payload: {} })

describe('sign-in', () => {
  it('answers with the account and sets a cookie that scripts and other sites cannot use', async () => {
    const replica = await aReplica({ tables: withAdmin() })
    const response = await signIn(replica)
    expect(response.statusCode).toBe(200)
    expect(response.json()).toMatchObject({ account: { email: ADMIN.email, role: 'admin' } })
    const cookie = response.cookies.find(({ name }) => name === 'neuronha_session')
    expect(cookie).toMatchObject({ httpOnly: true, secure: true, sameSite: 'Lax', path: '/' })
    expect(response.cookies.some(({ name }) => name === 'neuronha_last_write')).toBe(true)
  })

  it('stores the hash of the token only', async () => {
    const replica = await aReplica({ tables: withAdmin() })
    const { cookie } = await signInAt(replica)
    const token = cookie.split('=')[1] ?? ''
    const stored = [...replica.tables.sessions.keys()].join()
    expect(stored).toMatch(/^[0-9a-f]{64}$/)
    expect(stored).not.toContain(Buffer.from(token, 'base64url').toString('hex'))
  })

  it('does not tell a wrong password from an unknown e-mail', async () => {
    const replica = await aReplica({ tables: withAdmin() })
    const wrong = await signIn(replica, { ...ADMIN, password: 'wrong' })
    const unknown = await signIn(replica, { ...ADMIN, email: 'nobody@localhost' })
    expect(wrong.statusCode).toBe(401)
    expect(unknown.json<Problem>().detail).toBe(wrong.json<Problem>().detail)
  })

  it('is refused after ten failures for one e-mail, counted over all replicas, until the window ends', async () => {
    const tables = withAdmin()
    const replicas = [await aReplica({ tables }), await aReplica({ tables })] as const
    for (let attempt = 0; attempt < 10; attempt += 1) {
      const response = await signIn(replicas[attempt % 2 === 0 ? 0 : 1], {
        ...ADMIN,
        password: 'wrong',
      })
      expect(response.statusCode).toBe(401)
    }
    const response = await signIn(replicas[0])
    expect(response.statusCode).toBe(429)
    expect(response.headers['retry-after']).toBe('600')
  })

  it('is refused after a hundred failures from one address, whatever the e-mails', async () => {
    const replica = await aReplica({ tables: withAdmin() })
    const from = { 'x-real-ip': '192.0.2.7' }
    for (let attempt = 0; attempt < 100; attempt += 1) {
      await signIn(replica, { email: `${attempt}@localhost`, password: 'wrong' }, from)
    }
    expect((await signIn(replica, ADMIN, from)).statusCode).toBe(429)
    expect((await signIn(replica, ADMIN, { 'x-real-ip': '192.0.2.8' })).statusCode).toBe(200)
  })

  it('forgets the failures of an e-mail whose owner has signed in', async () => {
    const replica = await aReplica({ tables: withAdmin() })
    for (let round = 0; round < 3; round += 1) {
      for (let attempt = 0; attempt < 9; attempt += 1) {
        expect((await signIn(replica, { ...ADMIN, password: 'wrong' })).statusCode).toBe(401)
      }
      expect((await signIn(replica)).statusCode).toBe(200)
    }
  })

  it('ends the session that the browser had before', async () => {
    const replica = await aReplica({ tables: withAdmin() })
    const first = await signInAt(replica)
    const second = await signInAt(replica, first.cookie)
    expect(second.cookie).not.toBe(first.cookie)
    expect((await session(replica, first.cookie)).statusCode).toBe(401)
    expect((await session(replica, second.cookie)).statusCode).toBe(200)
  })

  it('is refused to pages of another site', async () => {
    const replica = await aReplica({ tables: withAdmin() })
    expect((await signIn(replica, ADMIN, { 'sec-fetch-site': 'cross-site' })).statusCode).toBe(403)
  })

  it('is written to the audit, without the e-mail of an account that does not exist', async () => {
    const replica = await aReplica({ tables: withAdmin() })
    await signIn(replica)
    await signIn(replica, { ...ADMIN, email: 'my password, in the wrong field' })
    expect(
      replica.tables.audit.map(({ action, email, outcome }) => [action, email, outcome]),
    ).toEqual([
      ['sign-in', ADMIN.email, 'done'],
      ['sign-in', '', 'refused'],
    ])
  })
})

describe('a session', () => {
  it('is known to every replica, with the same CSRF token', async () => {
    const tables = withAdmin()
    const { cookie, csrf } = await signInAt(await aReplica({ tables }))
    const response = await session(await aReplica({ tables }), cookie)
    expect(response.json()).toMatchObject({ csrf_token: csrf, account: { email: ADMIN.email } })
  })

  it('is looked up once in three seconds', async () => {
    const replica = await aReplica({ tables: withAdmin() })
    const { cookie } = await signInAt(replica)
    await session(replica, cookie)
    await session(replica, cookie)
    expect(replica.tables.reads).toBe(1)
    replica.clock.advance(3001)
    await session(replica, cookie)
    expect(replica.tables.reads).toBe(2)
  })

  it('ends with a sign-out, here at once and elsewhere within three seconds', async () => {
    const tables = withAdmin()
    const here = await aReplica({ tables })
    const elsewhere = await aReplica({ tables })
    const { cookie, csrf } = await signInAt(here)
    expect((await session(elsewhere, cookie)).statusCode).toBe(200)
    const response = await signOut(here, { cookie, 'x-csrf-token': csrf })
    expect(response.statusCode).toBe(204)
    expect(response.cookies.find(({ name }) => name === 'neuronha_session')).toMatchObject({
      value: '',
      maxAge: 0,
    })
    expect((await session(here, cookie)).statusCode).toBe(401)
    elsewhere.clock.advance(3001)
    expect((await session(elsewhere, cookie)).statusCode).toBe(401)
  })

  it.each([
    ['no CSRF token', {}],
    ['a made-up one', { 'x-csrf-token': 'made-up' }],
  ])('does not end by a request with %s', async (_what, headers) => {
    const replica = await aReplica({ tables: withAdmin() })
    const { cookie } = await signInAt(replica)
    expect((await signOut(replica, { cookie, ...headers })).statusCode).toBe(403)
    expect((await session(replica, cookie)).statusCode).toBe(200)
  })

  it('is not guessed from a cookie that nobody was given', async () => {
    const replica = await aReplica({ tables: withAdmin() })
    expect((await session(replica, `neuronha_session=${'A'.repeat(43)}`)).statusCode).toBe(401)
    expect((await session(replica, 'neuronha_session=x')).statusCode).toBe(401)
    expect((await session(replica, '')).statusCode).toBe(401)
  })
})
