/** The records of a controller's drill: what is to be mended in etcd, where whoever comes next finds it; results in PostgreSQL. */
import { coordinationKeys } from '@neuronha/core/contracts/coordination.ts'
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import { sleep } from '@neuronha/runtime/clock.ts'
import type { Logger } from '@neuronha/runtime/logger.ts'
import type { Kv } from '../../etcd/kv.ts'
import type { DrillDatabase } from '../drill-database.ts'
import type { DrillRecords } from '../drill-records.ts'
import { parseFinaliser } from '../finaliser.ts'

/** A drill may have taken a member of etcd away. */
const PATIENCE_MS = 60_000
const PAUSE_MS = 500

export function createEtcdRecords({
  kv,
  cluster,
  database,
  logger,
}: {
  readonly kv: Kv
  readonly cluster: string
  readonly database: Pick<DrillDatabase, 'keepResult'>
  readonly logger: Pick<Logger, 'error'>
}): DrillRecords {
  const key = coordinationKeys(cluster).drillUnfinished
  return {
    loadUnfinished: async () => {
      const found = await patiently(() => kv.get(key))
      if (found === undefined) return undefined
      const record = parseFinaliser(found.value)
      if (record !== undefined) return record
      throw new PlatformError('INTERNAL', `${key} in etcd is not readable`, {
        hint: 'It tells what an interrupted drill left to mend. Look at `./neuronha status`, then delete it.',
      })
    },
    saveUnfinished: (record) => patiently(() => kv.put(key, JSON.stringify(record))),
    clearUnfinished: () => patiently(() => kv.delete(key)),
    keepResult: async (_startedAt, result) => {
      // The event tells the outcome too, so the drill's verdict does not hang on this.
      await database
        .keepResult(result)
        .catch((thrown: unknown) =>
          logger.error({ err: thrown, result }, 'the result of the drill was not kept'),
        )
      return result
    },
  }
}

async function patiently<T>(act: () => Promise<T>): Promise<T> {
  const untilMs = performance.now() + PATIENCE_MS
  for (;;) {
    try {
      return await act()
    } catch (thrown) {
      if (performance.now() > untilMs) throw toPlatformError(thrown)
      await sleep(PAUSE_MS)
    }
  }
}
