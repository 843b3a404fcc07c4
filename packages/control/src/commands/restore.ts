/** `restore`: the database of a cluster as it was at some moment, in a new cluster beside it. */
import { dirname, join, resolve } from 'node:path'
import type { RestoreTarget } from '@neuronha/core/contracts/restore.ts'
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import { formatClusterFileIssue, parseClusterFile } from '@neuronha/core/spec/parse-cluster-file.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { trialRepositoryOf } from '@neuronha/core/topology/containers.ts'
import { readEdgeCertificate } from '../apply/desired.ts'
import { createPgbackrest } from '../backups/pgbackrest.ts'
import { targetWords } from '../backups/restore-arguments.ts'
import { createSocketEngine } from '../engine/engine.ts'
import {
  assertCanRestore,
  assertRoomForAll,
  describeWindow,
} from '../restore/assert-can-restore.ts'
import { assertNothingHere, assertNoVolumes } from '../restore/assert-nothing-here.ts'
import { copyClusterFile } from '../restore/copy-cluster-file.ts'
import { findPlaces } from '../restore/find-places.ts'
import { openRepositoryReader } from '../restore/repository-reader.ts'
import { firstMember } from '../restore/restore-database.ts'
import { saveRestoreOrder } from '../restore/restore-order.ts'
import { restoreSidesOf } from '../restore/restore-sides.ts'
import { runStep } from '../setup/progress.ts'
import { completeSecrets } from '../state/secrets.ts'
import {
  loadApplied,
  readTextIfThere,
  saveSecrets,
  stateFolderOf,
  writeAtomically,
} from '../state/state-folder.ts'
import { actorHere } from './audit.ts'
import { assertHasRepository, backupTask } from './backup.ts'
import {
  openCluster,
  quiet,
  type ClusterChoice,
  type CommandIo,
  type OpenCluster,
} from './context.ts'
import { buildRestoreImage, orderRestore, repositoryOf, type WantedOrder } from './order-restore.ts'
import { setUpMachine } from './prepare.ts'
import { up } from './up.ts'

export interface RestoreOptions extends ClusterChoice {
  readonly target: RestoreTarget
  /** Name of the new cluster; its cluster file is made from the old one's. */
  readonly as: string | undefined
  /** Cluster file of the new cluster, instead. */
  readonly into: string | undefined
  /** `repo1`, …; default: the first. */
  readonly from: string | undefined
  readonly backup: string | undefined
  readonly install: boolean
}

/** The new cluster: what its file says, and where that is. */
interface NewCluster {
  readonly spec: ClusterSpec
  readonly text: string
  readonly path: string
}

/**
 * Makes the new cluster's file, writes down what is to be restored into it, then does what `up` does. The old cluster is only
 * read. Interrupted, the same command goes on, and so does `up` with the new file.
 *
 * @throws PlatformError REFUSED_FOR_SAFETY when a cluster of the new name is here; BAD_REQUEST with the nearest moment when the
 *   one that is wanted cannot be restored.
 */
export async function restore(io: CommandIo, options: RestoreOptions): Promise<void> {
  const cluster = await openCluster(io, options)
  assertHasRepository(cluster)
  const wanted = await newClusterOf(cluster, options, io.cwd)
  const state = stateFolderOf(wanted.spec.name)
  const order = {
    repository: repositoryOf(cluster.spec, options.from),
    target: options.target,
    backup: options.backup ?? null,
  }
  await orderRestore(io, state, order, () =>
    prepareRestore(io, options, { cluster, wanted, order }),
  )
  await up(io, { file: wanted.path, cluster: undefined, yes: true, install: options.install })
}

async function newClusterOf(
  cluster: OpenCluster,
  { as, into }: RestoreOptions,
  cwd: string,
): Promise<NewCluster> {
  if ((as === undefined) === (into === undefined))
    throw new PlatformError('USAGE', 'say where to: --as NAME, or --into FILE', {
      hint: 'With --as the new cluster is like the old one; with --into it is what that cluster file says.',
    })
  const path = into === undefined ? await pathOfCopy(cluster, as ?? '', cwd) : resolve(cwd, into)
  const there = await readTextIfThere(path)
  if (into !== undefined && there === undefined)
    throw new PlatformError('CLUSTER_FILE_INVALID', `there is no cluster file ${path}`)
  const text = there ?? (await textOfCopy(cluster, as ?? ''))
  const parsed = parseClusterFile(text)
  if (parsed.kind !== 'ok')
    throw new PlatformError(
      'CLUSTER_FILE_INVALID',
      `${path}:\n  ${parsed.issues.map(formatClusterFileIssue).join('\n  ')}`,
      { hint: 'Nothing was touched.' },
    )
  if (as !== undefined && parsed.spec.name !== as)
    throw new PlatformError('CONFLICT', `${path} is the file of another cluster`, {
      hint: 'Choose another name, or name a cluster file with --into.',
    })
  return { spec: parsed.spec, text, path }
}

/** Beside the original's file, so that the files that it names are found. */
async function pathOfCopy(cluster: OpenCluster, name: string, cwd: string): Promise<string> {
  const source = (await loadApplied(cluster.state))?.source ?? null
  return join(source === null ? cwd : dirname(source), `${name}.yaml`)
}

async function textOfCopy({ spec, state }: OpenCluster, name: string): Promise<string> {
  const text = (await readTextIfThere(state.clusterFile)) ?? ''
  return copyClusterFile(text, spec, { name, ...(await findPlaces(spec)) })
}

async function prepareRestore(
  io: CommandIo,
  { backup, install }: RestoreOptions,
  {
    cluster,
    wanted: { spec, text, path },
    order,
  }: { readonly cluster: OpenCluster; readonly wanted: NewCluster; readonly order: WantedOrder },
): Promise<void> {
  const state = stateFolderOf(spec.name)
  const { repository, target } = order
  await assertNothingHere(state)
  const machine = await setUpMachine(io, install)
  await assertNoVolumes(spec.name)
  await assertReadable(cluster)
  const image = await buildRestoreImage(io, machine)
  await archiveWhatIsThere(io, cluster)
  const secrets = await secretsOfCopy(cluster, spec, dirname(path))
  const sides = await restoreSidesOf(
    { source: cluster.spec.name },
    { spec, secrets },
    dirname(path),
  )
  const pgbackrest = createPgbackrest(
    cluster.spec.name,
    await openRepositoryReader({ sides, state, image }),
  )
  const restorable = await runStep(
    io.progress,
    `looking into ${repository}`,
    () => assertCanRestore(pgbackrest, { repository, target, backup }),
    describeWindow,
  )
  await assertRoomForAll(spec, restorable)
  await writeAtomically(path, text, 0o644)
  io.progress.say(`${path}: the new cluster, restored ${targetWords(target)}.`)
  await saveSecrets(state, secrets)
  await saveRestoreOrder(state, {
    ...order,
    source: cluster.spec.name,
    member: firstMember(spec),
    resumes: false,
    requestedAt: new Date().toISOString(),
    by: actorHere(),
  })
}

/** A trial store is a part of the old cluster. */
async function assertReadable({ spec }: OpenCluster): Promise<void> {
  if (trialRepositoryOf(spec) === undefined) return
  const engine = createSocketEngine({ cluster: spec.name })
  const stores = (await engine.list()).filter(({ component }) => component === 'store')
  if (stores.some(({ state }) => state === 'running')) return
  throw new PlatformError('UNAVAILABLE', `the trial store of ${spec.name} does not run`, {
    hint: `The backups are in it: \`./neuronha up --cluster ${spec.name}\` starts it.`,
  })
}

/** What is committed by now shall be restorable. A cluster that does not run has nothing new. */
export async function archiveWhatIsThere(io: CommandIo, { spec }: OpenCluster): Promise<void> {
  const running = (await createSocketEngine({ cluster: spec.name }).list()).some(
    ({ component, state }) => component === 'member' && state === 'running',
  )
  if (!running) return
  await backupTask(quiet(io), { cluster: spec.name }, 'check').catch((thrown: unknown) => {
    io.warn(`What is not archived yet cannot be restored: ${toPlatformError(thrown).message}`)
  })
}

/** Whoever could sign in to the old cluster can sign in to the copy; between its own parts everything is new. */
async function secretsOfCopy({ secrets }: OpenCluster, spec: ClusterSpec, baseDir: string) {
  const { signingKey, apiKeys, consoleAdmin, userRoles } = secrets
  return completeSecrets(
    spec,
    { signingKey, apiKeys, consoleAdmin, userRoles },
    await readEdgeCertificate(spec, baseDir),
  )
}
