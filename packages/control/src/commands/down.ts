/** `down`: stops the cluster. Data stays unless `--volumes`, which asks. */
import { PlatformError } from '@neuronha/core/errors.ts'
import { composeDown } from '../engine/compose.ts'
import { createSocketEngine, type Engine } from '../engine/engine.ts'
import { forgetUnfinished } from '../drills/records-in-folder.ts'
import { assertDataIsInPlace } from '../restore/in-place-record.ts'
import { runStep } from '../setup/progress.ts'
import { lockCluster } from '../state/lock.ts'
import { forgetCluster, readTextIfThere, stateFolderOf } from '../state/state-folder.ts'
import { takeOperationIfAny } from '../coordination/operation.ts'
import { actorHere, withAudit } from './audit.ts'
import { loadClusterSource, openCluster, type ClusterChoice, type CommandIo } from './context.ts'

export interface DownOptions extends ClusterChoice {
  readonly volumes: boolean
  readonly yes: boolean
}

export async function down(io: CommandIo, options: DownOptions): Promise<void> {
  const name = options.cluster ?? (await loadClusterSource(io, options)).spec.name
  const state = stateFolderOf(name)
  // What is on its way between folders needs etcd, and a way to the repository, to get anywhere.
  if (!options.volumes) await assertDataIsInPlace(state)
  const unlock = await lockCluster(name, io.commandLine)
  try {
    const engine = createSocketEngine({ cluster: name })
    const volumes = await engine.listVolumes()
    if (options.volumes && !options.yes) await confirmLoss(io, name, volumes.length)
    // Controllers first: they would start again what is stopped under them.
    await retireControllers(io, engine, name, options)
    if ((await readTextIfThere(state.composeFile)) !== undefined) {
      await runStep(io.progress, `stop and remove the containers of ${name}`, () =>
        composeDown(state, io.signal),
      )
    }
    // What Compose does not know: load generators, leftovers of an interrupted change.
    const left = await engine.list()
    for (const container of left) await engine.removeContainer(container.name)
    if (options.volumes) {
      await runStep(io.progress, `remove ${volumes.length} volumes`, async () => {
        for (const volume of volumes) await engine.removeVolume(volume)
        await forgetCluster(state)
        // What a drill had to mend is gone with the rest.
        await forgetUnfinished(state)
      })
    }
    io.out(
      io.json
        ? JSON.stringify({ cluster: name, volumesRemoved: options.volumes ? volumes : [] })
        : options.volumes
          ? `Cluster ${name} is gone, with its data.`
          : `Cluster ${name} is stopped; its data stays. \`./neuronha up\` starts it again.`,
    )
  } finally {
    await unlock()
  }
}

async function stopControllers(engine: Engine): Promise<void> {
  const controllers = (await engine.list()).filter(({ component }) => component === 'controller')
  await Promise.all(controllers.map(({ name }) => engine.stop(name)))
}

/** Also records the end, while there is an etcd to hold it. What never ran, or does not run, has none. */
async function retireControllers(
  io: CommandIo,
  engine: Engine,
  name: string,
  { volumes }: DownOptions,
): Promise<void> {
  const running = (await engine.list()).filter(({ state }) => state === 'running')
  const cluster = await openCluster(io, { cluster: name }).catch(() => undefined)
  if (running.length === 0 || cluster === undefined) return stopControllers(engine)
  await withAudit(io, cluster, async ({ kv, record, sayMaintenance }) => {
    // Not while the controllers rehearse: what they broke would be left so.
    const operation = await takeOperationIfAny(kv, name, { by: actorHere(), what: io.commandLine })
    try {
      // With its volumes goes the record.
      if (!volumes) {
        await sayMaintenance()
        record({ kind: 'cli.down', severity: 'warning', summary: 'down: the cluster is stopped' })
      }
      await stopControllers(engine)
    } finally {
      await operation.release()
    }
  })
}

async function confirmLoss(io: CommandIo, name: string, volumes: number): Promise<void> {
  const question = `This deletes all data of cluster ${name} (${volumes} volumes), its keys and its passwords, for good. Go on?`
  if (await io.confirm(question)) return
  throw new PlatformError(
    'REFUSED_FOR_SAFETY',
    `the data of ${name} was not deleted: not confirmed`,
    {
      hint: 'Answer yes, or pass --yes. Without --volumes the data stays.',
    },
  )
}
