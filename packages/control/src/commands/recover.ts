/**
 * `recover`: the whole cluster, brought back on an empty machine from a repository, with nothing but the cluster file, the
 * keys of the store that it names, and the key of the backups.
 */
import { readFile, rm } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import type { RestoreTarget } from '@neuronha/core/contracts/restore.ts'
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import type { RestoreSides } from '@neuronha/core/render/restore.ts'
import { composeOfOnly, volumeName } from '@neuronha/core/render/compose.ts'
import type { ClusterSecrets } from '@neuronha/core/secrets.ts'
import { durationMsOf } from '@neuronha/core/spec/quantities.ts'
import { containersOf, trialRepositoryOf } from '@neuronha/core/topology/containers.ts'
import { sleep } from '@neuronha/runtime/clock.ts'
import { readEdgeCertificate, readExternalSecrets } from '../apply/desired.ts'
import { targetWords } from '../backups/restore-arguments.ts'
import { createPgbackrest, type Pgbackrest } from '../backups/pgbackrest.ts'
import { composeDown, composeUp } from '../engine/compose.ts'
import { assertCanRestore, describeWindow } from '../restore/assert-can-restore.ts'
import { assertNothingHere, assertNoVolumes } from '../restore/assert-nothing-here.ts'
import { getSealedSecrets } from '../restore/put-sealed-secrets.ts'
import { openRepositoryReader } from '../restore/repository-reader.ts'
import { firstMember } from '../restore/restore-database.ts'
import { saveRestoreOrder } from '../restore/restore-order.ts'
import { openSealedSecrets, WITHOUT } from '../restore/sealed-secrets.ts'
import { assertSourceIsGone } from '../restore/source-is-gone.ts'
import { imagesOf } from '../setup/image-table.ts'
import { buildImages } from '../setup/images.ts'
import { runStep } from '../setup/progress.ts'
import { completeSecrets } from '../state/secrets.ts'
import {
  saveSecrets,
  stateFolderOf,
  writeAtomically,
  writeContainerFile,
} from '../state/state-folder.ts'
import { actorHere } from './audit.ts'
import {
  loadClusterSource,
  type ClusterChoice,
  type ClusterSource,
  type CommandIo,
  type OpenCluster,
} from './context.ts'
import { orderRestore, repositoryOf, type WantedOrder } from './order-restore.ts'
import { assertMachineHasRoom, prepareCluster, setUpMachine } from './prepare.ts'
import { up } from './up.ts'

export interface RecoverOptions extends ClusterChoice {
  /** `repo1`, …; default: the first of the cluster file. */
  readonly from: string | undefined
  /** File with the key of the backups, or `-` for standard input. */
  readonly keyFile: string | undefined
  readonly target: RestoreTarget
  readonly backup: string | undefined
  /** The person vouches for it: nothing is watched. */
  readonly oldIsGone: boolean
  /** Go on with new secrets when there are no sealed ones. */
  readonly withoutSecrets: boolean
  readonly install: boolean
}

/**
 * Writes down what is to be restored, then does what `up` does. Interrupted after that, both `recover` and `up` go on with it.
 *
 * @throws PlatformError REFUSED_FOR_SAFETY when anything of this cluster is on this machine, or it is alive elsewhere;
 *   BACKUP_FAILED when the repository cannot be read or has nothing to restore.
 */
export async function recover(io: CommandIo, options: RecoverOptions): Promise<void> {
  const source = await loadClusterSource(io, options)
  const state = stateFolderOf(source.spec.name)
  const wanted = {
    repository: repositoryOf(source.spec, options.from),
    target: options.target,
    backup: options.backup ?? null,
  }
  await orderRestore(io, state, wanted, () => prepareRecovery(io, options, source, wanted))
  await up(io, { ...options, yes: true })
}

async function prepareRecovery(
  io: CommandIo,
  options: RecoverOptions,
  source: ClusterSource,
  wanted: WantedOrder,
): Promise<void> {
  const { spec, baseDir } = source
  const { repository } = wanted
  const state = stateFolderOf(spec.name)
  await assertNothingHere(state)
  const backupKey = await readBackupKey(options.keyFile)
  const { repositories: credentials } = await readExternalSecrets(spec, baseDir)
  const edgeCertificate = await readEdgeCertificate(spec, baseDir)
  const machine = await setUpMachine(io, options.install)
  await assertNoVolumes(
    state.cluster,
    // A repository of the cluster's own is what it comes back from.
    containersOf(spec, 'store').map(({ name }) => volumeName(name)),
  )
  await assertMachineHasRoom(spec, machine)
  const images = await buildImages({
    only: imagesOf(spec),
    mirror: machine.mirror,
    progress: io.progress,
    signal: io.signal,
  })
  // Until the sealed ones are here: enough to open the repository.
  const fresh = await completeSecrets(spec, undefined, edgeCertificate)
  const secrets = { ...fresh, backup: { ...fresh.backup, cipherPass: backupKey } }
  const cluster: OpenCluster = { spec, secrets, state }
  const { desired } = await prepareCluster(source, cluster, machine, images)
  const sides: RestoreSides = { source: cluster, credentials, target: cluster }
  const execute = await openRepositoryReader({ sides, state, image: desired.images.backup })
  const pgbackrest = createPgbackrest(spec.name, execute)
  const stopStore = await startStoreAlone(cluster, desired, io.signal)
  let found: ClusterSecrets
  try {
    await runStep(
      io.progress,
      `looking into ${repository}`,
      () => patiently(() => assertCanRestore(pgbackrest, { ...options, repository }), io.signal),
      describeWindow,
    )
    io.progress.say(`The database is restored ${targetWords(options.target)}.`)
    found = await fetchSecrets(io, { pgbackrest, cluster, repository, backupKey }, options)
    if (!options.oldIsGone)
      await runStep(io.progress, 'making sure that the old cluster is gone', ({ note }) =>
        assertSourceIsGone(pgbackrest, {
          ...{ repository, note, signal: io.signal, now: Date.now },
          rpoMs: durationMsOf(spec.backup.rpo),
        }),
      )
  } finally {
    await stopStore()
  }
  // Not while a store with provisional keys runs: killed in between, whatever goes on with the order would not get into it.
  await saveSecrets(state, await completeSecrets(spec, found, edgeCertificate))
  await saveRestoreOrder(state, {
    ...wanted,
    source: spec.name,
    member: firstMember(spec),
    resumes: false,
    requestedAt: new Date().toISOString(),
    by: actorHere(),
  })
}

/** Standard input, as other programs name it. */
const STANDARD_INPUT = '-'

async function readBackupKey(file: string | undefined): Promise<string> {
  if (file === undefined)
    throw new PlatformError('USAGE', 'the key of the backups is needed: --key-file', {
      hint: 'A file that holds what `./neuronha backup key` printed, or - to paste it.',
    })
  try {
    const key = file === STANDARD_INPUT ? await text(process.stdin) : await readFile(file, 'utf8')
    if (key.trim() !== '') return key.trim()
  } catch (cause) {
    const { message } = toPlatformError(cause)
    throw new PlatformError('USAGE', `--key-file: ${file} cannot be read: ${message}`, { cause })
  }
  throw new PlatformError('USAGE', `--key-file: ${file} is empty`)
}

/** A trial store is a part of the cluster: it must answer before there is one. */
async function startStoreAlone(
  { spec, state }: OpenCluster,
  desired: Awaited<ReturnType<typeof prepareCluster>>['desired'],
  signal: AbortSignal,
): Promise<() => Promise<void>> {
  const stores = containersOf(spec, 'store').map(({ name }) => name)
  if (trialRepositoryOf(spec) === undefined) return () => Promise.resolve()
  for (const [path, file] of desired.files)
    if (stores.some((name) => path.startsWith(`${name}/`)))
      await writeContainerFile(state, path, file)
  await writeAtomically(state.composeFile, composeOfOnly(desired.compose, stores), 0o600)
  await composeUp(state, stores, signal)
  // It has keys of its own for this, and nothing else is here yet; `up` makes all of it anew, with the old ones.
  return async () => {
    await composeDown(state)
    await rm(state.composeFile, { force: true })
    await rm(state.filesDir, { recursive: true, force: true })
  }
}

const STORE_TRIES = 10
const STORE_PAUSE_MS = 1000

/** A store that was started just now takes a moment. */
async function patiently<T>(act: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await act()
    } catch (thrown) {
      const isAway = toPlatformError(thrown).details?.['isAway'] === true
      if (!isAway || attempt === STORE_TRIES) throw thrown
      await sleep(STORE_PAUSE_MS, signal)
    }
  }
}

interface SecretsPlace {
  readonly pgbackrest: Pgbackrest
  readonly cluster: OpenCluster
  readonly repository: string
  readonly backupKey: string
}

/** @returns What `completeSecrets` starts from. */
async function fetchSecrets(
  io: CommandIo,
  { pgbackrest, cluster, repository, backupKey }: SecretsPlace,
  { withoutSecrets }: RecoverOptions,
): Promise<ClusterSecrets> {
  const { spec, secrets } = cluster
  if (withoutSecrets) return secrets
  const sealed = await runStep(io.progress, 'opening the sealed secrets', () =>
    getSealedSecrets(pgbackrest, spec.name, repository, io.signal),
  )
  if (sealed !== undefined) return openSealedSecrets(spec.name, sealed, backupKey)
  throw new PlatformError(
    'BACKUP_FAILED',
    `${repository} holds no sealed secrets of ${spec.name}`,
    { hint: WITHOUT },
  )
}
