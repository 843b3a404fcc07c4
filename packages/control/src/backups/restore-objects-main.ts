/** The process that takes tables out of the backups, once; it says what it does on its standard output. */
import { statfs } from 'node:fs/promises'
import process from 'node:process'
import { restoreObjectsConfig } from '@neuronha/core/config/processes.ts'
import type { RestoreObjectsReport } from '@neuronha/core/contracts/restore.ts'
import { toPlatformError } from '@neuronha/core/errors.ts'
import { MEMBER_VOLUME_DIR } from '@neuronha/core/render/patroni.ts'
import { OBJECTS_DUMP, RESTORING_DATA_DIR } from '@neuronha/core/render/pgbackrest.ts'
import { loadConfig } from '@neuronha/runtime/load-config.ts'
import { createPgbackrest } from './pgbackrest.ts'
import { restoreObjects } from './restore-objects.ts'
import { createRestoredCopy } from './restored-copy.ts'

const say = (report: RestoreObjectsReport): void => {
  process.stdout.write(`${JSON.stringify(report)}\n`)
}

const stop = new AbortController()
process.on('SIGTERM', () => stop.abort())
process.on('SIGINT', () => stop.abort())
try {
  const config = loadConfig(restoreObjectsConfig)
  const pgbackrest = createPgbackrest(config.stanza)
  const result = await restoreObjects({
    ...{ config, pgbackrest, say, file: OBJECTS_DUMP },
    copy: createRestoredCopy(pgbackrest, RESTORING_DATA_DIR, stop.signal),
    place: {
      freeBytes: async () => {
        const { bavail, bsize } = await statfs(MEMBER_VOLUME_DIR)
        return bavail * bsize
      },
    },
  })
  say({ say: 'done', result })
} catch (thrown) {
  const { code, message, hint } = toPlatformError(thrown)
  say({ say: 'failed', code, message, hint: hint ?? null })
  process.exitCode = 1
}
