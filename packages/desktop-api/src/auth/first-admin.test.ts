import { PlatformError } from '@neuronha/core/errors.ts'
import { createSilentLogger } from '@neuronha/runtime/logger.ts'
import type { Database } from '@neuronha/runtime/postgres/database.ts'
import { describe, expect, it } from 'vitest'
import { ADMIN, aDatabase, FakeTables, plainPasswords, withAdmin } from '../testing.ts'
import { ensureFirstAdmin } from './first-admin.ts'

const ensure = (database: Database) =>
  ensureFirstAdmin({
    database,
    passwords: plainPasswords,
    logger: createSilentLogger(),
    admin: ADMIN,
  })

describe('the first admin', () => {
  it('is created once, also when three replicas start together', async () => {
    const tables = new FakeTables()
    await Promise.all([1, 2, 3].map(() => ensure(aDatabase(tables))))
    expect(tables.accounts.map(({ email, role }) => [email, role])).toEqual([
      [ADMIN.email, 'admin'],
    ])
  })

  it('is left alone when there is any account', async () => {
    const tables = withAdmin('viewer')
    await ensure(aDatabase(tables))
    expect(tables.accounts).toHaveLength(1)
    expect(tables.accounts[0]?.role).toBe('viewer')
  })

  it('waits for a database that is not there yet', async () => {
    const tables = new FakeTables()
    const database = aDatabase(tables)
    let tries = 0
    const write: Database['write'] = (work, options) => {
      tries += 1
      if (tries > 2) return database.write(work, options)
      return Promise.reject(new PlatformError('DATABASE_UNAVAILABLE', 'not yet'))
    }
    await ensure({ ...database, write })
    expect(tables.accounts).toHaveLength(1)
  })
})
