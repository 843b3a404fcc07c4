/** What the commands of `drill` share: the cluster, its lock, ways to look at it and into etcd, the load generator. */
import { assertPresent } from '@neuronha/core/assert-present.ts'
import type { DrillDeps } from '../drills/drill-deps.ts'
import { RateChoice } from '../drills/rate-choice.ts'
import { buildImages } from '../setup/images.ts'
import { observeMachine } from '../setup/observe-machine.ts'
import { codeVersion } from '../state/version.ts'
import {
  createClusterObserver,
  openCluster,
  type ClusterChoice,
  type CommandIo,
} from './context.ts'
import { takeLock } from './lent-lock.ts'
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
  const lock = await takeLock(io, spec.name)
  const observer = createClusterObserver(cluster)
  // Asks Patroni and the services every other second only: a full look costs what the drill would then measure.
  const lightObserver = createClusterObserver(cluster, 2000)
  const audit = openAudit(io, cluster)
  const log = openEvents(cluster)
  try {
    await audit.sayMaintenance()
    const loadgen = await ensureLoadgenImage(io)
    return await act({
      spec,
      secrets,
      stateDir: state.root,
      observe: () => observer.observe(),
      observeLightly: () => lightObserver.observe(),
      images: { loadgen },
      rates: new RateChoice(),
      progress: io.progress,
      kv: audit.kv,
      record: audit.record,
      events: async (fromMs, untilMs) => {
        const { items } = await log.read({ sinceMs: fromMs, limit: MOST_EVENTS })
        return items.filter(({ at }) => Date.parse(at) <= untilMs)
      },
      runCommand: lock.runCommand,
      commit: await codeVersion([loadgen]),
    })
  } finally {
    await Promise.all([observer.close(), lightObserver.close(), audit.close(), log.close()])
    await lock.close()
  }
}

/** The load generator's image, built when this checkout is newer than what `up` built. */
async function ensureLoadgenImage(io: CommandIo): Promise<string> {
  const { mirror } = await observeMachine()
  const images = await buildImages({
    only: ['loadgen'],
    mirror,
    progress: io.progress,
    signal: io.signal,
  })
  return assertPresent(images.find(({ name }) => name === 'loadgen')?.ref, 'the image loadgen')
}
