import { describe, expect, it } from 'vitest'
import { assertMay, createAuthenticator } from './auth.ts'
import { FakeStore, ORGANISATION } from './testing.ts'

const setUp = () => {
  const store = new FakeStore()
  store.addKey('nha_good', 'user')
  return { store, authenticator: createAuthenticator(store.database, { now: () => store.now }) }
}

describe('createAuthenticator', () => {
  it('knows a stored key, and asks the database once in five seconds for it', async () => {
    const { store, authenticator } = setUp()
    const caller = await authenticator.authenticate('Bearer nha_good')
    expect(caller).toMatchObject({ organisation: ORGANISATION, role: 'user' })
    store.now = 4999
    await authenticator.authenticate('Bearer nha_good')
    expect(store.keyLookUps).toBe(1)
    store.now = 5000
    await authenticator.authenticate('Bearer nha_good')
    expect(store.keyLookUps).toBe(2)
  })

  it('forgets a revoked key within five seconds', async () => {
    const { store, authenticator } = setUp()
    await authenticator.authenticate('Bearer nha_good')
    store.keys.clear()
    store.now = 5001
    await expect(authenticator.authenticate('Bearer nha_good')).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    })
  })

  it('asks once for requests that come together', async () => {
    const { store, authenticator } = setUp()
    const together = [1, 2, 3].map(() => authenticator.authenticate('Bearer nha_good'))
    await Promise.all(together)
    expect(store.keyLookUps).toBe(1)
  })

  it('asks the primary before it calls a key unknown, because a standby may not have it yet', async () => {
    const { store, authenticator } = setUp()
    await expect(authenticator.authenticate('Bearer nha_new')).rejects.toThrow()
    expect(store.keyLookUps).toBe(2)
  })

  it('refuses a request without a key', async () => {
    const { authenticator } = setUp()
    await expect(authenticator.authenticate(undefined)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    })
  })
})

describe('assertMay', () => {
  const caller = (role: 'admin' | 'user' | 'read-only') => ({ keyId: 'k', organisation: 'o', role })

  it('lets each role do what it is for and no more', () => {
    expect(() => assertMay(caller('read-only'), 'read')).not.toThrow()
    expect(() => assertMay(caller('read-only'), 'write')).toThrow(/read-only/)
    expect(() => assertMay(caller('user'), 'write')).not.toThrow()
    expect(() => assertMay(caller('user'), 'admin')).toThrow(/user/)
    expect(() => assertMay(caller('admin'), 'admin')).not.toThrow()
  })
})
