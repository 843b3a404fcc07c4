/**
 * The process that restores a whole cluster; restore-cluster.ts has its states. It says how far it is on standard output,
 * one JSON object per line, and ends.
 */
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { restoreConfig } from '@neuronha/core/config/processes.ts'
import type { RestoreReport } from '@neuronha/core/contracts/restore.ts'
import { toPlatformError } from '@neuronha/core/errors.ts'
import { CONFIG_DIR } from '@neuronha/core/render/files.ts'
import { POSTGRES_DATA_DIR } from '@neuronha/core/render/patroni.ts'
import { RESTORING_DATA_DIR } from '@neuronha/core/render/pgbackrest.ts'
import { loadConfig } from '@neuronha/runtime/load-config.ts'
import { createPgbackrest } from './pgbackrest.ts'
import { createRestorePlace, restoreCluster } from './restore-cluster.ts'
import { createRestoredCopy } from './restored-copy.ts'

const say = (report: RestoreReport): void => {
  process.stdout.write(`${JSON.stringify(report)}\n`)
}

const stop = new AbortController()
process.on('SIGTERM', () => stop.abort())
process.on('SIGINT', () => stop.abort())
try {
  const config = loadConfig(restoreConfig)
  const pgbackrest = createPgbackrest(config.stanza)
  const result = await restoreCluster({
    ...{ config, pgbackrest, say },
    copy: createRestoredCopy(
      pgbackrest,
      config.resumes ? POSTGRES_DATA_DIR : RESTORING_DATA_DIR,
      stop.signal,
    ),
    place: createRestorePlace(POSTGRES_DATA_DIR, RESTORING_DATA_DIR),
    loginsSql: readFileSync(`${CONFIG_DIR}/logins.sql`, 'utf8'),
  })
  say({ say: 'done', result })
} catch (thrown) {
  const { code, message, hint } = toPlatformError(thrown)
  say({ say: 'failed', code, message, hint: hint ?? null })
  process.exitCode = 1
}
