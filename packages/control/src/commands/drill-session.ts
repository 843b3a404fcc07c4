/** What the commands of `drill` share: the cluster, its lock, ways to look at it and into etcd, the load generator. */
import { poolerAccess } from '@neuronha/core/config/common.ts'
import { assertPresent } from '@neuronha/core/assert-present.ts'
import { poolerAccessOf } from '@neuronha/core/render/services.ts'
import { loadTls } from '@neuronha/runtime/tls.ts'
import type { DrillDeps } from '../drills/drill-deps.ts'
import { createDrillDatabase, type DrillDatabase } from '../drills/drill-database.ts'
import { containersHere } from '../drills/faults/containers-here.ts'
import { createLoadgenContainers } from '../drills/loadgen-container.ts'
import { RateChoice } from '../drills/rate-choice.ts'
import { createFolderRecords } from '../drills/records-in-folder.ts'
import { buildImages } from '../setup/images.ts'
import { observeMachine } from '../setup/observe-machine.ts'
import { codeVersion } from '../state/version.ts'
import {
  createClusterObserver,
  openCluster,
  type ClusterChoice,
  type CommandIo,
  type OpenCluster,
} from './context.ts'
import { cliTlsFiles } from './open-kv.ts'
import { lockForChange, type ChangeLock } from './change-lock.ts'
import { createCopies } from './drill-copies.ts'
import { createRunCommand } from './run-command.ts'
import { openAudit } from './audit.ts'
import { openEvents } from './events.ts'

/** More than any drill makes. */
const MOST_EVENTS = 2000

/** Runs `act` with everything open, while nobody else may change the cluster. */
export async function withDrillSession<T>(
  io: CommandIo,
  choice: ClusterChoice,
  act: (deps: DrillDeps) => Promise<T>,
): Promise<T> {
  const cluster = await openCluster(io, choice)
  const { spec, secrets, state } = cluster
  const observer = createClusterObserver(cluster)
  // Asks Patroni and the services every other second only: a full look costs what the drill would then measure.
  const lightObserver = createClusterObserver(cluster, 2000)
  const audit = openAudit(io, cluster)
  const database = openDrillDatabase(cluster)
  const log = openEvents(cluster)
  let lock: ChangeLock | undefined
  try {
    lock = await lockForChange(io, spec.name, audit.kv)
    await audit.sayMaintenance()
    const drill = await ensureDrillImage(io)
    return await act({
      spec,
      secrets,
      workRoot: state.drillsDir,
      records: createFolderRecords(state.drillsDir, { database, progress: io.progress }),
      containers: containersHere,
      database,
      load: createLoadgenContainers({ spec, secrets, image: drill }),
      observe: () => observer.observe(),
      observeLightly: () => lightObserver.observe(),
      rates: new RateChoice(),
      progress: io.progress,
      kv: audit.kv,
      record: audit.record,
      events: async (fromMs, untilMs) => {
        const { items } = await log.read({ sinceMs: fromMs, limit: MOST_EVENTS })
        return items.filter(({ at }) => Date.parse(at) <= untilMs)
      },
      runCommand: createRunCommand(io, spec.name, lock),
      copies: createCopies(io, cluster),
      commit: await codeVersion([drill]),
    })
  } finally {
    await lock?.release()
    await Promise.all([
      observer.close(),
      lightObserver.close(),
      audit.close(),
      log.close(),
      database.close(),
    ])
  }
}

/** The drills' way into the database: their own role, the CLI's certificate. */
export function openDrillDatabase(cluster: OpenCluster): DrillDatabase {
  const access = poolerAccess.parse(poolerAccessOf(cluster.spec, cluster.secrets, 'drill'))
  return createDrillDatabase(access, loadTls(cliTlsFiles(cluster)), 'cli')
}

/** The load generator's image, built when this checkout is newer than what `up` built. */
async function ensureDrillImage(io: CommandIo): Promise<string> {
  const { mirror } = await observeMachine()
  const images = await buildImages({
    only: ['drill'],
    mirror,
    progress: io.progress,
    signal: io.signal,
  })
  return assertPresent(images.find(({ name }) => name === 'drill')?.ref, 'the image drill')
}
