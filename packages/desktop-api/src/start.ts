/** What the API does once before it is ready: migrations, then the first admin. */
import type { DesktopApiConfig } from '@neuronha/core/config/processes.ts'
import type { Logger } from '@neuronha/runtime/logger.ts'
import { migrate } from '@neuronha/runtime/migrations.ts'
import type { Database } from '@neuronha/runtime/postgres/database.ts'
import type { TlsFiles } from '@neuronha/runtime/tls.ts'
import { ensureFirstAdmin } from './auth/first-admin.ts'
import type { Passwords } from './auth/password.ts'

export interface PrepareOptions {
  readonly config: Pick<DesktopApiConfig, 'firstAdmin' | 'migrations' | 'replica'>
  readonly database: Database
  readonly passwords: Passwords
  readonly directory: string
  readonly logger: Logger
  readonly tls?: TlsFiles | undefined
}

/** Waits as long as it takes for the database to be there. */
export const prepareDatabase = async (options: PrepareOptions): Promise<void> => {
  const { config, database, passwords, directory, logger, tls } = options
  await migrate({ access: config.migrations, tls, directory, replica: config.replica, logger })
  await ensureFirstAdmin({ database, passwords, logger, admin: config.firstAdmin })
}
