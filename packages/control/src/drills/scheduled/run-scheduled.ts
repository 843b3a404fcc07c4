/**
 * The drills that a controller asked for, run in a container of their own, which rests in between. It reads in etcd what
 * is asked, and ends.
 *
 *   started ──(nothing is asked, nothing left to mend)──────────▶ ended
 *   started ──(a drill died: its record is there)──▶ mending ───▶ ended     what was asked is given up: no drill that
 *                                                                            died is repeated blindly
 *   started ──(somebody changes the cluster)────────────────────▶ ended     what was asked is given up
 *   started ──▶ drilling, one after the other ──▶ ended                      the request is taken away
 *
 * Killed at any point it leaves its record; the active controller starts it again, and it mends. Its hold on the cluster
 * and on the container that it keeps dead end with their leases.
 */
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import type { DrillConfig } from '@neuronha/core/config/drill.ts'
import { coordinationKeys, type DrillRequest } from '@neuronha/core/contracts/coordination.ts'
import type { DrillResult } from '@neuronha/core/contracts/drill-result.ts'
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import { poolerAccessOf } from '@neuronha/core/render/services.ts'
import { poolerAccess } from '@neuronha/core/config/common.ts'
import { imageVersion } from '@neuronha/runtime/load-config.ts'
import type { Logger } from '@neuronha/runtime/logger.ts'
import { loadTls, type TlsFiles } from '@neuronha/runtime/tls.ts'
import { parseDrillRequest } from '../../coordination/drill-requests.ts'
import { takeOperation } from '../../coordination/operation.ts'
import { createConfiguredEngine } from '../../engine/configured-engine.ts'
import { createEtcdClient } from '../../etcd/etcd-client.ts'
import { createKv, type Kv } from '../../etcd/kv.ts'
import { createEventLog, type RunningEventLog } from '../../events/create-event-log.ts'
import { createHttpClient } from '../../observe/http-client.ts'
import { createPlannedDeps } from '../../planned/create-planned-deps.ts'
import { switchover } from '../../planned/switchover.ts'
import type { Progress } from '../../setup/progress.ts'
import { createDrillDatabase } from '../drill-database.ts'
import type { DrillDeps } from '../drill-deps.ts'
import { drillFinished, drillStarted } from '../drill-events.ts'
import { createContainerActs } from '../faults/acts-on-containers.ts'
import type { RunCommand } from '../run-command.ts'
import { mendInterrupted } from '../leftovers.ts'
import { RateChoice } from '../rate-choice.ts'
import { runDrill } from '../run-drill.ts'
import { findScenario } from '../scenarios/scenarios.ts'
import { runInOrder } from '../suite/run-suite.ts'
import { askControllers } from './ask-controllers.ts'
import { createLoadgenProcesses } from './loadgen-process.ts'
import { createEtcdRecords } from './records-in-etcd.ts'

const ETCD_TIMEOUT_MS = 1500
const FLUSH_MS = 5000

export async function runScheduled(
  config: DrillConfig,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const { cluster, replica } = config
  const tls = loadTls(config.tls)
  const http = createHttpClient(tls)
  const kv = createKv(createEtcdClient({ http, ...config.etcd, timeoutMs: ETCD_TIMEOUT_MS }))
  const keys = coordinationKeys(cluster)
  // One that this code cannot read asks for nothing, and is taken away all the same.
  const request = parseDrillRequest((await kv.get(keys.drillRequest))?.value)
  const actor = request?.by ?? 'schedule'
  const events = createEventLog({ kv, cluster, source: replica, actor, logger })
  try {
    const isLeft = (await kv.get(keys.drillUnfinished)) !== undefined
    if (request === undefined && !isLeft) {
      logger.info('no drill is asked for')
      return
    }
    const what = request === undefined ? 'mending what a drill left' : 'scheduled drills'
    const held = await takeOperation(kv, cluster, { by: replica, what })
    try {
      await drillOrMend({ config, kv, tls, http, events, logger, signal }, request, isLeft)
    } finally {
      await held.release()
    }
  } catch (thrown) {
    const { code, message } = toPlatformError(thrown)
    events.record({
      kind: 'drill.skipped',
      severity: 'warning',
      summary: `the drills that ${actor} asked for do not run: ${message}`,
      evidence: { code },
    })
    if (code !== 'CLUSTER_BUSY') throw thrown
  } finally {
    // Asked once, tried once. What cannot be taken away is given up by the controllers.
    await kv.delete(keys.drillRequest).catch((thrown: unknown) => {
      logger.warn({ err: thrown }, 'the request for drills is still there')
    })
    await events.flush(FLUSH_MS)
    await events.close()
    await http.close()
  }
}

interface Parts {
  readonly config: DrillConfig
  readonly kv: Kv
  readonly tls: TlsFiles
  readonly http: ReturnType<typeof createHttpClient>
  readonly events: RunningEventLog
  readonly logger: Logger
  readonly signal: AbortSignal
}

async function drillOrMend(
  parts: Parts,
  request: DrillRequest | undefined,
  isLeft: boolean,
): Promise<void> {
  const { deps, close } = createDeps(parts)
  try {
    if (isLeft) {
      const mended = await mendInterrupted(deps)
      deps.record({
        kind: 'drill.mended',
        severity: 'warning',
        summary: `drill ${mended ?? 'unknown'} did not get to its end; what it had broken is mended`,
      })
    } else if (request !== undefined) await drillAll(request, parts, deps)
  } finally {
    await close()
  }
}

async function drillAll(
  request: DrillRequest,
  { config, kv, signal }: Parts,
  deps: DrillDeps,
): Promise<void> {
  const { cluster, spec } = config
  const key = coordinationKeys(cluster).drillRequest
  const done: string[] = []
  const runOne = async (name: string): Promise<DrillResult> => {
    deps.record(drillStarted('drill', name))
    const { rate } = spec.drills
    const options = {
      signal,
      // Whoever wrote drills.confirm into the cluster file has typed the name.
      confirmedName: spec.name,
      ...(rate === null ? {} : { ratePerSecond: rate }),
    }
    const result = await runDrill(findScenario(name), options, deps)
    deps.record(drillFinished('drill', result))
    return result
  }
  await runInOrder(
    request.scenarios.map((name) => ({ key: name, name, options: {} })),
    { deps, runOne, signal },
    async ({ name }) => {
      done.push(name)
      await kv.put(key, JSON.stringify({ ...request, done } satisfies DrillRequest))
    },
  )
}

function createDeps(parts: Parts): {
  readonly deps: DrillDeps
  readonly close: () => Promise<void>
} {
  const { config, kv, tls, http, events, logger, signal } = parts
  const { cluster, replica, spec, secrets } = config
  const engine = createConfiguredEngine(config, tls)
  const access = poolerAccess.parse(poolerAccessOf(spec, secrets, 'drill'))
  const database = createDrillDatabase(access, tls, replica)
  const progress = progressOf(logger)
  const record: DrillDeps['record'] = (event) => events.record(event)
  const view = askControllers(config.controllers, http)
  const planned = createPlannedDeps(config.planned, tls, {
    ...{ kv, record, progress, signal, actor: replica, observe: view.observe },
  })
  const runCommand: RunCommand = async ([command, ...rest]) => {
    if (command !== 'switchover' || rest.length > 0)
      throw new PlatformError('INTERNAL', `a controller’s drill has no command ${command ?? ''}`)
    await switchover({ why: 'a drill' }, planned.deps)
  }
  const deps: DrillDeps = {
    spec,
    secrets,
    workRoot: join(tmpdir(), 'drills'),
    records: createEtcdRecords({ kv, cluster, database, logger }),
    containers: createContainerActs(engine),
    database,
    load: createLoadgenProcesses(config),
    ...view,
    rates: new RateChoice(),
    progress,
    kv,
    record,
    runCommand,
    copies: noCopiesHere,
    commit: imageVersion(),
  }
  return {
    deps,
    close: async () => {
      await Promise.all([planned.close(), database.close(), engine.close()])
    },
  }
}

const noCopy = (): Promise<never> =>
  Promise.reject(new PlatformError('INTERNAL', 'a controller’s drill restores nothing'))
const noCopiesHere: DrillDeps['copies'] = {
  assertNone: noCopy,
  draw: noCopy,
  restore: noCopy,
  resultOf: noCopy,
  open: noCopy,
  remove: noCopy,
}

const progressOf = (logger: Logger): Progress => ({
  step: (title) => {
    logger.info(title)
    return {
      note: () => undefined,
      done: () => undefined,
      fail: (thrown) => logger.warn({ err: thrown }, `failed: ${title}`),
    }
  },
  say: (text) => logger.info(text.trim()),
})
