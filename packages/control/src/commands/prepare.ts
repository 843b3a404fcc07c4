/** What `up` and `plan` share: secrets, everything rendered, checks before anything is touched. */
import { assertPresent } from '@neuronha/core/assert-present.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { refusalsOf } from '@neuronha/core/plan/refusals.ts'
import type { Step } from '@neuronha/core/plan/plan-up.ts'
import { networkName, type EngineSocket, type ImageTags } from '@neuronha/core/render/compose.ts'
import {
  hasNotifications,
  trialRepositoryOf,
  type Component,
} from '@neuronha/core/topology/containers.ts'
import { parseClusterFile } from '@neuronha/core/spec/parse-cluster-file.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { publishedPorts } from '@neuronha/core/spec/rules.ts'
import {
  desireCluster,
  readEdgeCertificate,
  readExternalSecrets,
  type Desired,
} from '../apply/desired.ts'
import { findRunningPrimary } from '../apply/running-cluster.ts'
import { planCluster } from '../apply/up-plan.ts'
import { createSocketEngine } from '../engine/engine.ts'
import { ENGINE_SOCKET } from '../engine/engine-transport.ts'
import { checkPorts } from '../setup/check-ports.ts'
import { checkSubnet } from '../setup/check-subnet.ts'
import { imagesOf, type ImageName } from '../setup/image-table.ts'
import type { WantedImage } from '../setup/image-tags.ts'
import { findMissingImages, needsBaseImageTools } from '../setup/images.ts'
import { applySetup } from '../setup/apply-setup.ts'
import { observeMachine, type Machine } from '../setup/observe-machine.ts'
import { planSetup } from '../setup/plan-setup.ts'
import { completeSecrets } from '../state/secrets.ts'
import { loadRestoreOrder } from '../restore/restore-order.ts'
import { loadSecrets, readTextIfThere, stateFolderOf } from '../state/state-folder.ts'
import type { ClusterSource, CommandIo, OpenCluster } from './context.ts'

export interface PreparedCluster {
  readonly cluster: OpenCluster
  readonly desired: Desired
  /** The steps that would be run now. */
  readonly plan: () => Promise<readonly Step[]>
}

/** The cluster as it will be: its secrets completed in memory. Writes nothing. */
export async function completeCluster(source: ClusterSource): Promise<OpenCluster> {
  const { spec } = source
  const state = stateFolderOf(spec.name)
  const edgeCertificate = await readEdgeCertificate(spec, source.baseDir)
  return {
    spec,
    secrets: await completeSecrets(spec, await loadSecrets(state), edgeCertificate),
    state,
  }
}

/** The machine, with what it lacks installed if that is allowed. */
export const setUpMachine = async (
  { progress, signal }: CommandIo,
  mayInstall: boolean,
): Promise<Machine> =>
  applySetup({
    machine: await observeMachine(),
    needsBaseImageTools: await needsBaseImageTools(),
    ...{ progress, mayInstall, signal },
  })

/** What is to be built: the images of the cluster, and the one that restores it, if it is to be restored. */
export async function imagesToBuild(spec: ClusterSpec): Promise<readonly ImageName[]> {
  const order = await loadRestoreOrder(stateFolderOf(spec.name))
  return [...new Set([...imagesOf(spec), ...(order === undefined ? [] : ['backup' as const])])]
}

/** Renders everything for these images; writes nothing. */
export async function prepareCluster(
  source: ClusterSource,
  cluster: OpenCluster,
  machine: Machine,
  wanted: readonly WantedImage[],
): Promise<PreparedCluster> {
  const { spec, secrets, state } = cluster
  const images = imageTagsOf(spec, wanted)
  const external = await readExternalSecrets(spec, source.baseDir)
  const desired = desireCluster(spec, secrets, {
    images,
    filesDir: state.filesDir,
    engineSocket: engineSocketOf(machine),
    external,
  })
  const engineAnswers = machine.daemon.kind === 'running'
  return {
    cluster,
    desired,
    plan: async () =>
      planCluster({
        spec,
        secrets,
        state,
        desired,
        missingImages: (engineAnswers ? await findMissingImages(wanted) : wanted).map(
          ({ name }) => name,
        ),
        machine: await machineSteps(machine),
        engineAnswers,
        primary: engineAnswers ? await findPrimary(cluster) : undefined,
        order: await loadRestoreOrder(state),
      }),
  }
}

/** Before there is an engine its group is not known, and nothing is started from what is rendered then. */
export const engineSocketOf = ({ engineSocket }: Machine): EngineSocket =>
  engineSocket ?? { path: ENGINE_SOCKET, gid: null }

const machineSteps = async (machine: Machine) =>
  planSetup(machine, { needsBaseImageTools: await needsBaseImageTools() })

export const imageTagsOf = (
  spec: ClusterSpec,
  wanted: readonly Pick<WantedImage, 'name' | 'ref'>[],
): ImageTags => {
  const refs = new Map(wanted.map(({ name, ref: tag }) => [name, tag]))
  const ref = (name: ImageName): string => assertPresent(refs.get(name), `the image ${name}`)
  const tags: Record<Component, string> = {
    etcd: ref('etcd'),
    member: ref('postgres'),
    router: ref('haproxy'),
    pooler: ref('pgbouncer'),
    agent: ref('agent'),
    'desktop-api': ref('desktop-api'),
    mcp: ref('mcp'),
    console: ref('console'),
    edge: ref(spec.edge.kind),
    'engine-proxy': ref('haproxy'),
    controller: ref('controller'),
    prometheus: ref('prometheus'),
    alertmanager: hasNotifications(spec) ? ref('alertmanager') : '',
    drill: ref('drill'),
    store: trialRepositoryOf(spec) === undefined ? '' : ref('store'),
    // Also where there are no backups yet, for whoever restores those of another cluster.
    backup: refs.get('backup') ?? '',
    'restore-test': spec.backup.repositories.length > 0 ? ref('backup') : '',
  }
  return tags
}

/** Ports, the network and the disk, before anything is made. */
export async function assertMachineHasRoom(spec: ClusterSpec, machine: Machine): Promise<void> {
  const engine = createSocketEngine({ cluster: spec.name })
  const present = machine.daemon.kind === 'running' ? await engine.list() : []
  const running = new Set(
    present.filter(({ state }) => state === 'running').map(({ name }) => name),
  )
  const wanted = publishedPorts(spec).filter(({ container }) => !running.has(container))
  const taken = await checkPorts(
    wanted.map(({ port }) => port),
    spec.edge.bindAddress,
  )
  if (taken.length > 0) {
    const list = taken.map(({ port, holder }) => {
      const field = wanted.find((candidate) => candidate.port === port)?.path.join('.') ?? ''
      return `${field}: port ${port} is used by ${holder}`
    })
    throw new PlatformError('PORT_IN_USE', list.join('; '), {
      hint: 'Stop what uses it, or choose another port in the cluster file. Nothing was touched.',
    })
  }
  if (present.length > 0) return
  const [collision] = await checkSubnet(spec.network.subnet, networkName(spec.name))
  if (collision !== undefined) {
    const { cidr, owner } = collision
    throw new PlatformError(
      'CONFLICT',
      `network.subnet ${spec.network.subnet} overlaps with ${cidr} (${owner})`,
      {
        hint: 'Choose another private /24 in the cluster file. Nothing was touched.',
      },
    )
  }
}

/** Refuses a changed file that could lose data or the quorum. */
export async function assertSafeChange(cluster: OpenCluster): Promise<void> {
  const text = await readTextIfThere(cluster.state.clusterFile)
  if (text === undefined) return
  const applied = parseClusterFile(text)
  if (applied.kind !== 'ok') return
  const present = await createSocketEngine({ cluster: cluster.spec.name }).list()
  const isRunning = present.length > 0
  if (!isRunning && applied.spec.network.subnet !== cluster.spec.network.subnet) return
  const refusals = refusalsOf({ applied: applied.spec, wanted: cluster.spec })
  if (refusals.length === 0) return
  throw new PlatformError(
    'REFUSED_FOR_SAFETY',
    refusals.map(({ path, message }) => `${path}: ${message}`).join('\n'),
    { hint: refusals.map(({ hint }) => hint).join('\n') },
  )
}

/** Whoever it is, also a member that the file no longer has. Nobody when nothing runs. */
async function findPrimary(cluster: OpenCluster): Promise<string | undefined> {
  const present = await createSocketEngine({ cluster: cluster.spec.name }).list()
  const isRunning = present.some(
    ({ component, state }) => component === 'member' && state === 'running',
  )
  return isRunning ? findRunningPrimary(cluster, present) : undefined
}
