/** `render`: writes every file of a cluster into a folder, so that it can be run without this CLI. */
import { chmod, chown, mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { PlatformError } from '@neuronha/core/errors.ts'
import { ENGINE_GID_VARIABLE } from '@neuronha/core/render/compose.ts'
import { CONTAINER_UID } from '@neuronha/core/topology/containers.ts'
import { desireCluster, readExternalSecrets } from '../apply/desired.ts'
import { ENGINE_SOCKET } from '../engine/engine-transport.ts'
import { observeSocketFile, type EngineSocketFile } from '../setup/engine-socket.ts'
import { imagesOf } from '../setup/image-table.ts'
import { wantedImages } from '../setup/images.ts'
import { completeCluster, imageTagsOf } from './prepare.ts'
import { loadClusterSource, type ClusterChoice, type CommandIo } from './context.ts'

export interface RenderOptions extends ClusterChoice {
  readonly engine: string
  readonly out: string
}

/** Uses the cluster's own secrets when it exists here, and generates new ones otherwise. */
export async function render(io: CommandIo, options: RenderOptions): Promise<void> {
  if (options.engine !== 'compose') {
    throw new PlatformError('USAGE', `cannot render for engine ${options.engine}`, {
      hint: 'Use --engine compose.',
    })
  }
  const folder = resolve(io.cwd, options.out)
  const present = await readdir(folder).catch(() => [])
  if (present.length > 0) {
    throw new PlatformError('REFUSED_FOR_SAFETY', `${folder} is not empty`, {
      hint: 'Name a new folder: what is there would be mixed with secrets and other configuration.',
    })
  }
  const source = await loadClusterSource(io, options)
  const { spec } = source
  const { secrets } = await completeCluster(source)
  const desired = desireCluster(spec, secrets, {
    images: imageTagsOf(spec, await wantedImages(imagesOf(spec))),
    filesDir: './files',
    engineSocket: { path: ENGINE_SOCKET, gid: null },
    external: await readExternalSecrets(spec, source.baseDir),
  })
  await writeOwned(join(folder, 'compose.yaml'), desired.compose, 0o644)
  for (const [path, file] of desired.files)
    await writeOwned(join(folder, 'files', path), file.text, file.mode)
  const socket = await observeSocketFile()
  if (socket !== undefined) await writeOwned(join(folder, '.env'), environmentOf(socket), 0o644)
  const count = desired.files.size + (socket === undefined ? 1 : 2)
  io.out(
    io.json
      ? JSON.stringify({ folder, files: count })
      : [
          `Wrote ${count} files to ${folder}; those below files/ hold secrets.`,
          `Run it with: docker compose --project-directory ${folder} up -d`,
          `On another machine first set ${ENGINE_GID_VARIABLE} in ${join(folder, '.env')} to what \`stat -c %g ${ENGINE_SOCKET}\` says there.`,
        ].join('\n'),
  )
}

/** Compose reads it beside its file: what this machine has and another one has otherwise. */
const environmentOf = ({ path, gid }: EngineSocketFile): string =>
  `# Group of the container engine's socket, for the engine proxies: stat -c %g ${path}\n${ENGINE_GID_VARIABLE}=${gid}\n`

async function writeOwned(path: string, text: string, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await writeFile(path, text, { mode })
  await chmod(path, mode)
  await chown(path, CONTAINER_UID, CONTAINER_UID)
  await chown(dirname(path), CONTAINER_UID, CONTAINER_UID)
}
