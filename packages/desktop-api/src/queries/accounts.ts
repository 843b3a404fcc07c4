/** Accounts: who may sign in. */
import type { Account } from '@neuronha/core/contracts/desktop.ts'
import type { Sql } from '@neuronha/runtime/postgres/sql.ts'

export interface AccountRow extends Account {
  readonly password_hash: string
}

const FIND_ACCOUNT = `
  SELECT id, email, role, password_hash
  FROM neurondb_desktop.accounts
  WHERE lower(email) = lower($1)`

export const findAccount = (sql: Sql, email: string): Promise<AccountRow | undefined> =>
  sql.maybeOne<AccountRow>(FIND_ACCOUNT, [email])

export const hasAccounts = async (sql: Sql): Promise<boolean> => {
  const { found } = await sql.one<{ found: boolean }>(
    'SELECT EXISTS (SELECT FROM neurondb_desktop.accounts) AS found',
  )
  return found
}

/** The lock makes replicas that start together do this one after the other. */
const LOCK = `SELECT pg_advisory_xact_lock(hashtextextended('neurondb_desktop.first_admin', 0))`

const INSERT_FIRST_ADMIN = `
  INSERT INTO neurondb_desktop.accounts (id, email, password_hash, role)
  SELECT $1, $2, $3, 'admin'
  WHERE NOT EXISTS (SELECT FROM neurondb_desktop.accounts)`

export interface NewAdmin {
  readonly id: string
  readonly email: string
  readonly passwordHash: string
}

/** Inserts the account unless there is any; true when it did. */
export const insertFirstAdmin = async (sql: Sql, admin: NewAdmin): Promise<boolean> => {
  await sql.many(LOCK)
  return (await sql.run(INSERT_FIRST_ADMIN, [admin.id, admin.email, admin.passwordHash])) === 1
}
