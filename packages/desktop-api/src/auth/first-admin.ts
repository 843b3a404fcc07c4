/** The account that `up` made up a password for: created when there is no account, by whichever replica is first. */
import { backoffMs, newId, sleep } from '@neuronha/runtime/clock.ts'
import type { Logger } from '@neuronha/runtime/logger.ts'
import type { Database } from '@neuronha/runtime/postgres/database.ts'
import { hasAccounts, insertFirstAdmin } from '../queries/accounts.ts'
import type { Passwords } from './password.ts'

export interface FirstAdminOptions {
  readonly database: Database
  readonly passwords: Passwords
  readonly logger: Logger
  readonly admin: { readonly email: string; readonly password: string }
}

const ensureOnce = async ({
  database,
  passwords,
  logger,
  admin,
}: FirstAdminOptions): Promise<void> => {
  // Asked of the primary: a standby may not have heard of the account yet.
  const { value: exists } = await database.write(hasAccounts)
  if (exists) return
  const passwordHash = await passwords.hash(admin.password)
  const { value: created } = await database.write((sql) =>
    insertFirstAdmin(sql, { id: newId(), email: admin.email, passwordHash }),
  )
  if (created) logger.info('the first admin was created')
}

/** Resolves when there is an account. Waits for the database as long as it takes. */
export const ensureFirstAdmin = async (options: FirstAdminOptions): Promise<void> => {
  for (let tries = 0; ; tries += 1) {
    try {
      await ensureOnce(options)
      return
    } catch (thrown) {
      options.logger.info({ err: thrown }, 'the first admin is not certain yet; once more')
    }
    await sleep(backoffMs(tries, 200, 2000))
  }
}
