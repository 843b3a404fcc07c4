/** What the agent does once before it is ready, and what its HTTP host is told. */
import type { AgentConfig } from '@neuronha/core/config/processes.ts'
import { backoffMs, sleep } from '@neuronha/runtime/clock.ts'
import type { HttpHostOptions } from '@neuronha/runtime/http-host.ts'
import type { Logger } from '@neuronha/runtime/logger.ts'
import { migrate } from '@neuronha/runtime/migrations.ts'
import type { Database } from '@neuronha/runtime/postgres/database.ts'
import type { TlsFiles } from '@neuronha/runtime/tls.ts'
import { BODY_LIMIT_BYTES, FIRST_ORGANISATION } from './config.ts'
import { addInitialKeys } from './queries/api-keys.ts'

export const HOST_OPTIONS: Pick<HttpHostOptions, 'openApi' | 'bodyLimitBytes'> = {
  bodyLimitBytes: BODY_LIMIT_BYTES,
  openApi: {
    title: 'NeuronAgent',
    description: 'Agents, sessions and messages that outlive any one server.',
    version: '0.1.0',
    paths: ['/openapi.json', '/api/v1/openapi.json'],
  },
}

export interface PrepareOptions {
  readonly config: AgentConfig
  readonly database: Database
  readonly directory: string
  readonly logger: Logger
  readonly tls?: TlsFiles | undefined
}

/** Migrates, then stores the first keys; waits as long as it takes for the database to be there. */
export const prepareDatabase = async (options: PrepareOptions): Promise<void> => {
  const { config, database, directory, logger, tls } = options
  await migrate({ access: config.migrations, tls, directory, replica: config.replica, logger })
  for (let tries = 0; ; tries += 1) {
    try {
      await database.write((sql) => addInitialKeys(sql, FIRST_ORGANISATION, config.initialKeys))
      return
    } catch (thrown) {
      logger.info({ err: thrown }, 'the first keys are not stored yet')
    }
    await sleep(backoffMs(tries, 200, 2000))
  }
}
