/**
 * Makes what the images of our own processes hold: a bundle per process, and the console's static
 * files. Each result is kept in `.build/images/<image>` beside the hash of its sources, so that bundling
 * runs only when a source changed; it is put there in one move, so that an interruption leaves
 * either the old result or the new one.
 */
import { existsSync } from 'node:fs'
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { PlatformError } from '@neuronha/core/errors.ts'
import { runOk } from '@neuronha/runtime/exec.ts'

import { hashFiles, listFiles } from './hash-files.ts'
import { IMAGES, type ImageContent, type ImageName } from './image-table.ts'
import { hashParts } from './image-tags.ts'

type BundleContent = Extract<ImageContent, { kind: 'bundle' }>

/** Bump when the options below change what comes out of the same sources. */
const RECIPE = '1'
/** Where a package may keep its migrations; in the image they are in `/app/migrations`. */
const MIGRATIONS = ['migrations', 'src/migrations'] as const
const VITE_TIMEOUT_MS = 300_000
/** Dependencies in CommonJS call `require`, which an ES module does not have. */
const BANNER = [
  "import { createRequire as createBundleRequire } from 'node:module'",
  "import { fileURLToPath as bundleUrlToPath } from 'node:url'",
  'const require = createBundleRequire(import.meta.url)',
  'const __filename = bundleUrlToPath(import.meta.url)',
  "const __dirname = bundleUrlToPath(new URL('.', import.meta.url))",
].join('\n')

/** The folder with what goes into the image (`app` or `dist` is inside), made anew if a source changed. */
export async function ensureBundle(root: string, image: ImageName): Promise<string> {
  const { content } = IMAGES[image]
  const folder = join(root, '.build', 'images', image)
  const sources = await hashSources(root, content)
  const known = await readFile(join(folder, 'source-hash'), 'utf8').catch(() => '')
  if (known === sources) return folder

  const fresh = `${folder}.new`
  await rm(fresh, { recursive: true, force: true })
  await mkdir(fresh, { recursive: true })
  if (content.kind === 'bundle') await bundleProcess(root, content, join(fresh, 'app'))
  if (content.kind === 'console') await buildConsole(root, join(fresh, 'dist'))
  await writeFile(join(fresh, 'source-hash'), sources)
  await rm(folder, { recursive: true, force: true })
  await rename(fresh, folder)
  return folder
}

async function hashSources(root: string, content: ImageContent): Promise<string> {
  const folders =
    content.kind === 'bundle'
      ? ['core/src', 'runtime/src', `${content.package}/src`, `${content.package}/migrations`]
      : ['core/src', 'console']
  const isSource = (path: string): boolean =>
    !/(^|\/)(node_modules|dist|golden)\//.test(path) && !/\.test\.tsx?$/.test(path)
  const files = await Promise.all(
    folders.map((folder) => listFiles(join(root, 'packages', folder), isSource)),
  )
  const hash = await hashFiles(root, [...files.flat(), join(root, 'package-lock.json')])
  return hashParts([RECIPE, JSON.stringify(content), hash])
}

async function bundleProcess(root: string, content: BundleContent, target: string): Promise<void> {
  const folder = join(root, 'packages', content.package)
  for (const [file, source] of Object.entries(content.entries)) {
    const entry = join(folder, source)
    if (!existsSync(entry)) {
      const missing = `packages/${content.package}/${source}`
      throw new PlatformError('IMAGE_BUILD_FAILED', `there is no ${missing} to bundle`)
    }
    await bundleFile({ root, entry, outfile: join(target, file) })
  }
  for (const migrations of MIGRATIONS.map((name) => join(folder, name))) {
    if (existsSync(migrations))
      await cp(migrations, join(target, 'migrations'), { recursive: true })
  }
}

/** Bundles one entry file and all it imports into one module for Node 24, with a source map beside it. */
export async function bundleFile(options: {
  readonly root: string
  readonly entry: string
  readonly outfile: string
}): Promise<void> {
  // Loaded here because commands that build nothing should not pay for it.
  const { build } = await import('esbuild')
  try {
    await build({
      absWorkingDir: options.root,
      entryPoints: [options.entry],
      outfile: options.outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node24',
      sourcemap: 'linked',
      sourcesContent: false,
      // pg asks for it and does without.
      external: ['pg-native'],
      banner: { js: BANNER },
      logLevel: 'silent',
    })
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new PlatformError('IMAGE_BUILD_FAILED', `bundling ${options.entry} failed: ${message}`, {
      cause,
    })
  }
}

async function buildConsole(root: string, target: string): Promise<void> {
  const folder = join(root, 'packages', 'console')
  if (!existsSync(join(folder, 'index.html'))) {
    throw new PlatformError(
      'IMAGE_BUILD_FAILED',
      'there is no packages/console/index.html to build',
    )
  }
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  const args = [vite, 'build', '--outDir', target, '--emptyOutDir', '--logLevel', 'warn']
  await runOk(process.execPath, args, { cwd: folder, timeoutMs: VITE_TIMEOUT_MS })
}
