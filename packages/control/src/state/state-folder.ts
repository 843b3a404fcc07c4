/**
 * A cluster's state on this machine: one folder outside any checkout, owned by root. It holds what
 * cannot be derived again (the applied cluster file, the secrets) and what containers mount.
 *
 *   /var/lib/neuronha/<cluster>/
 *     cluster.yaml     the file as it was last applied
 *     secrets.json     0600; everything generated for this cluster
 *     backup-key-copy.json   0600; when a copy of the key of the backups was compared
 *     applied.json     what was last done to etcd and the databases, by hash
 *     restore.json     what is to be restored before the database starts; gone when that is done
 *     in-place.json    that the data of before a restore in place is kept
 *     restore/         what the process of that restore sees
 *     compose.yaml     for the engine
 *     files/<container>/   each container's read-only /etc/neuronha, owned by the containers' uid
 *     credentials/     what people need: CA, API key, console sign-in, connection strings
 *     drills/          results and reports
 */
import { chmod, chown, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { RestoreOrder, RestoreResult } from '@neuronha/core/contracts/restore.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import type { RenderedFile, RenderedFiles } from '@neuronha/core/render/files.ts'
import type { ClusterSecrets } from '@neuronha/core/secrets.ts'
import { CONTAINER_UID } from '@neuronha/core/topology/containers.ts'

export const STATE_ROOT = '/var/lib/neuronha'

export interface StateFolder {
  readonly cluster: string
  readonly root: string
  readonly clusterFile: string
  readonly secretsFile: string
  readonly appliedFile: string
  readonly restoreFile: string
  readonly restoreDir: string
  readonly inPlaceFile: string
  readonly composeFile: string
  readonly filesDir: string
  readonly credentialsDir: string
  readonly drillsDir: string
}

export const stateFolderOf = (cluster: string): StateFolder => {
  const root = join(STATE_ROOT, cluster)
  return {
    cluster,
    root,
    clusterFile: join(root, 'cluster.yaml'),
    secretsFile: join(root, 'secrets.json'),
    appliedFile: join(root, 'applied.json'),
    restoreFile: join(root, 'restore.json'),
    restoreDir: join(root, 'restore'),
    inPlaceFile: join(root, 'in-place.json'),
    composeFile: join(root, 'compose.yaml'),
    filesDir: join(root, 'files'),
    credentialsDir: join(root, 'credentials'),
    drillsDir: join(root, 'drills'),
  }
}

/** Names of the clusters that have state on this machine. */
export async function listClusters(): Promise<readonly string[]> {
  const entries = await readdir(STATE_ROOT, { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
}

/** The text of a file, or undefined when there is none. */
export async function readTextIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw asPlatformError(error, `cannot read ${path}`)
  }
}

/** Replaces a file in one step, so that a reader or a crash sees the old or the new one, never half. */
export async function writeAtomically(path: string, text: string, mode: number): Promise<void> {
  const temporary = `${path}.new`
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await rm(temporary, { force: true })
    await writeFile(temporary, text, { mode, flush: true })
    await chmod(temporary, mode)
    await rename(temporary, path)
  } catch (error) {
    throw asPlatformError(error, `cannot write ${path}`)
  }
}

const asPlatformError = (error: unknown, what: string): PlatformError => {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC') {
    return new PlatformError('NO_SPACE', `${what}: the disk is full`, {
      hint: 'Free some space and run the same command again; nothing is left half-written.',
      cause: error,
    })
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new PlatformError('NO_PERMISSION', `${what}: ${code}`, {
      hint: 'Run it as root, or through sudo.',
      cause: error,
    })
  }
  return new PlatformError('INTERNAL', `${what}: ${code ?? 'unknown reason'}`, { cause: error })
}

export async function loadSecrets(state: StateFolder): Promise<ClusterSecrets | undefined> {
  const text = await readTextIfThere(state.secretsFile)
  return text === undefined ? undefined : (JSON.parse(text) as ClusterSecrets)
}

export const saveSecrets = (state: StateFolder, secrets: ClusterSecrets): Promise<void> =>
  writeAtomically(state.secretsFile, `${JSON.stringify(secrets, null, 2)}\n`, 0o600)

/** What was done to things that live inside the cluster, so that an unchanged `up` skips it. */
export interface Applied {
  /** Absolute path of the cluster file that was applied; null: the defaults. */
  readonly source: string | null
  readonly etcdAuth?: string
  readonly databaseSetup?: string
  readonly patroniConfig?: string
  readonly backupSetup?: string
  readonly sealedSecrets?: string
  /** The restore that this cluster began with. */
  readonly restored?: {
    readonly order: RestoreOrder
    readonly result: RestoreResult
    readonly at: string
  }
  /** What running containers took up by a reload, which their labels cannot say: by name, of that very container. */
  readonly reloaded?: Readonly<Record<string, { readonly id: string; readonly config: string }>>
}

export async function loadApplied(state: StateFolder): Promise<Applied | undefined> {
  const text = await readTextIfThere(state.appliedFile)
  return text === undefined ? undefined : (JSON.parse(text) as Applied)
}

export const saveApplied = (state: StateFolder, applied: Applied): Promise<void> =>
  writeAtomically(state.appliedFile, `${JSON.stringify(applied, null, 2)}\n`, 0o600)

/**
 * Makes files/ hold exactly the rendered files: writes what differs, removes what is no longer
 * rendered. Returns how many files changed.
 */
export async function writeContainerFiles(
  state: StateFolder,
  files: RenderedFiles,
): Promise<number> {
  let changed = 0
  await makeOwnedFolder(state.filesDir, state.filesDir)
  for (const [path, file] of files) {
    if (await writeContainerFile(state, path, file)) changed++
  }
  const wanted = new Set([...files.keys()].map((path) => join(state.filesDir, path)))
  for (const path of await listFiles(state.filesDir)) {
    if (wanted.has(path)) continue
    await rm(path, { force: true })
    changed++
  }
  return changed
}

/** One of the containers' files; false: it was so already. */
export const writeContainerFile = (
  { filesDir }: StateFolder,
  path: string,
  file: RenderedFile,
): Promise<boolean> => writeOwnedFile(filesDir, path, file)

/** A file below `top` that the containers' user reads; false: it was so already. */
export async function writeOwnedFile(
  top: string,
  path: string,
  file: RenderedFile,
): Promise<boolean> {
  const target = join(top, path)
  if ((await readTextIfThere(target)) === file.text) return false
  await makeOwnedFolder(dirname(target), top)
  await writeAtomically(target, file.text, file.mode)
  await chown(target, CONTAINER_UID, CONTAINER_UID)
  return true
}

/** Which files would `writeContainerFiles` change. */
export async function changedContainerFiles(
  state: StateFolder,
  files: RenderedFiles,
): Promise<readonly string[]> {
  const changed: string[] = []
  for (const [path, file] of files) {
    if ((await readTextIfThere(join(state.filesDir, path))) !== file.text) changed.push(path)
  }
  return changed
}

/** A folder of the containers' user, with its parents up to `top`, closed to everyone else. */
async function makeOwnedFolder(path: string, top: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  for (let current = path; current.startsWith(top); current = dirname(current)) {
    await chown(current, CONTAINER_UID, CONTAINER_UID)
    await chmod(current, 0o700)
  }
}

async function listFiles(root: string): Promise<readonly string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

/** Forgets the cluster: its secrets, files and credentials; reports of drills stay. Without the first it is none already. */
export async function forgetCluster(state: StateFolder): Promise<void> {
  for (const path of [
    state.clusterFile,
    state.filesDir,
    state.credentialsDir,
    state.secretsFile,
    state.appliedFile,
    state.restoreFile,
    state.restoreDir,
    state.inPlaceFile,
    state.composeFile,
  ]) {
    await rm(path, { recursive: true, force: true })
  }
}
