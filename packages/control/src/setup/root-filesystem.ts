/**
 * The bare Debian under every image: pulled where a registry answers, made from the machine's own
 * Debian mirror where none does.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { PlatformError } from '@neuronha/core/errors.ts'
import { run, runOk } from '@neuronha/runtime/exec.ts'

import type { DebianMirror } from './apt-sources.ts'

const REGISTRY = 'https://registry-1.docker.io/v2/'
const REGISTRY_TIMEOUT_MS = 3_000
const PULL_TIMEOUT_MS = 60_000
const MAKE_TIMEOUT_MS = 300_000
const PROBE_TIMEOUT_MS = 5_000

/** The same paths are left out as in the base image's dpkg configuration. */
const LEFT_OUT = ['doc', 'man', 'info', 'locale', 'lintian'] as const

export interface RootFilesystemOptions {
  readonly ref: string
  readonly suite: string
  readonly mirror: DebianMirror
  readonly signal?: AbortSignal
}

/** Whether the public container registry answers from here, within three seconds. */
export async function isRegistryReachable(): Promise<boolean> {
  try {
    // Any answer will do: without a token it is 401.
    await fetch(REGISTRY, { method: 'HEAD', signal: AbortSignal.timeout(REGISTRY_TIMEOUT_MS) })
    return true
  } catch {
    return false
  }
}

/** Puts the root file system into the engine under `ref`, and says where it came from. */
export async function createRootFilesystem(
  options: RootFilesystemOptions,
): Promise<'registry' | 'mirror'> {
  const signal = options.signal === undefined ? {} : { signal: options.signal }
  if (await isRegistryReachable()) {
    const official = `debian:${options.suite}-slim`
    const pulled = await run('docker', ['pull', '--quiet', official], {
      timeoutMs: PULL_TIMEOUT_MS,
      ...signal,
    }).catch((error: unknown) => {
      if (error instanceof PlatformError && error.code === 'INTERRUPTED') throw error
      return undefined
    })
    if (pulled?.code === 0) {
      await runOk('docker', ['tag', official, options.ref])
      return 'registry'
    }
  }
  await makeFromMirror(options)
  return 'mirror'
}

async function makeFromMirror({
  ref,
  suite,
  mirror,
  signal,
}: RootFilesystemOptions): Promise<void> {
  const bounded = { timeoutMs: MAKE_TIMEOUT_MS, ...(signal === undefined ? {} : { signal }) }
  const folder = await mkdtemp(join(tmpdir(), 'neuronha-rootfs-'))
  const archive = join(folder, 'rootfs.tar')
  const needsTls = mirror.archive.startsWith('https:') || mirror.security.startsWith('https:')
  try {
    await runOk(
      'mmdebstrap',
      [
        '--variant=minbase',
        ...LEFT_OUT.map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
        '--dpkgopt=force-unsafe-io',
        '--aptopt=Acquire::Languages "none"',
        '--aptopt=Acquire::Retries "3"',
        ...(needsTls ? ['--include=ca-certificates'] : []),
        suite,
        archive,
        ...(await findSources(suite, mirror)),
      ],
      // Its own temporary files go with our folder, even when it is killed.
      { ...bounded, env: { TMPDIR: folder } },
    )
    await runOk('docker', ['import', '--change', 'CMD ["bash"]', archive, ref], bounded)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The release itself, and its updates and security fixes as far as the mirror carries them. */
async function findSources(suite: string, mirror: DebianMirror): Promise<readonly string[]> {
  const optional = [
    { uri: mirror.archive, suite: `${suite}-updates` },
    { uri: mirror.security, suite: `${suite}-security` },
  ]
  const carried = await Promise.all(
    optional.map(async (source) => ((await isCarried(source)) ? [source] : [])),
  )
  return [{ uri: mirror.archive, suite }, ...carried.flat()].map(
    (source) => `deb ${source.uri} ${source.suite} main`,
  )
}

async function isCarried(source: {
  readonly uri: string
  readonly suite: string
}): Promise<boolean> {
  const url = `${source.uri}/dists/${source.suite}/InRelease`
  try {
    const answer = await fetch(url, {
      method: 'HEAD',
      signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    })
    return answer.ok
  } catch {
    return false
  }
}
