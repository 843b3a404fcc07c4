/** What this machine is and has, as far as running a cluster on it goes. Changes nothing. */
import { existsSync } from 'node:fs'
import { readdir, readFile, stat, statfs } from 'node:fs/promises'
import { arch, cpus, totalmem } from 'node:os'
import { dirname, join } from 'node:path'

import { run } from '@neuronha/runtime/exec.ts'

import { DEFAULT_MIRROR, findDebianMirror, type DebianMirror } from './apt-sources.ts'
import {
  observeDaemon,
  observeSocketFile,
  type EngineDaemon,
  type EngineSocketFile,
} from './engine-socket.ts'

/** The programs that set-up looks for. */
export const PROGRAMS = ['apt-get', 'docker', 'dockerd', 'iptables', 'mmdebstrap', 'ss'] as const
export type Program = (typeof PROGRAMS)[number]

export interface OperatingSystem {
  /** As in os-release: `debian`, `ubuntu`, ... */
  readonly id: string
  /** `12`, `24.04`; empty on a rolling release. */
  readonly versionId: string
  readonly codename: string
  readonly name: string
}

export interface Machine {
  readonly os: OperatingSystem
  /** As Node names it: `x64`, `arm64`, ... */
  readonly arch: string
  readonly isRoot: boolean
  /** Whether systemd runs as this machine's init, not only whether it is installed. */
  readonly hasSystemd: boolean
  readonly programs: Readonly<Partial<Record<Program, string>>>
  readonly daemon: EngineDaemon
  /** Absent without an engine. */
  readonly engineSocket: EngineSocketFile | undefined
  /** Of the `docker compose` plugin; absent without one. */
  readonly composeVersion: string | undefined
  /** Where the engine keeps, or will keep, images and volumes. */
  readonly engineFolder: string
  readonly engineFolderFreeBytes: number
  readonly memoryBytes: number
  readonly cpus: number
  readonly mirror: DebianMirror
  /** This machine's clock, and the time of a file of ours: a clock before that is wrong. */
  readonly clockMs: number
  readonly fileTimeMs: number
}

const DEFAULT_ENGINE_FOLDER = '/var/lib/docker'
/** Administrators' folders are missing from the path of some shells. */
const EXTRA_PATH = '/usr/local/sbin:/usr/sbin:/sbin'

/** Observes this machine; takes a fraction of a second, and never throws for what is merely missing. */
export async function observeMachine(): Promise<Machine> {
  const [os, programs, daemon, engineSocket, composeVersion] = await Promise.all([
    observeOperatingSystem(),
    findPrograms(),
    observeDaemon(),
    observeSocketFile(),
    observeCompose(),
  ])
  const engineFolder =
    daemon.kind === 'running' && daemon.dataFolder !== ''
      ? daemon.dataFolder
      : DEFAULT_ENGINE_FOLDER

  return {
    os,
    arch: arch(),
    isRoot: process.getuid?.() === 0,
    hasSystemd: existsSync('/run/systemd/system'),
    programs,
    daemon,
    engineSocket,
    composeVersion,
    engineFolder,
    engineFolderFreeBytes: await freeBytesOf(engineFolder),
    memoryBytes: totalmem(),
    cpus: cpus().length,
    mirror: os.id === 'debian' ? await observeMirror(os.codename) : DEFAULT_MIRROR,
    clockMs: Date.now(),
    fileTimeMs: (await stat(import.meta.filename)).mtimeMs,
  }
}

/** Reads an os-release file. */
export function parseOsRelease(text: string): OperatingSystem {
  const field = (name: string): string =>
    new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1]?.replace(/^(['"])(.*)\1$/, '$2') ?? ''
  return {
    id: field('ID'),
    versionId: field('VERSION_ID'),
    codename: field('VERSION_CODENAME'),
    name: field('PRETTY_NAME'),
  }
}

async function observeOperatingSystem(): Promise<OperatingSystem> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '')
  return parseOsRelease(text)
}

async function findPrograms(): Promise<Machine['programs']> {
  const script = `PATH="$PATH:${EXTRA_PATH}"; for name; do printf '%s=%s\\n' "$name" "$(command -v "$name")"; done`
  const { stdout } = await run('sh', ['-c', script, 'sh', ...PROGRAMS])
  const found = new Map(stdout.split('\n').map((line) => splitOnce(line, '=')))
  return Object.fromEntries(
    PROGRAMS.flatMap((name) => {
      const path = found.get(name) ?? ''
      return path.startsWith('/') ? [[name, path]] : []
    }),
  )
}

async function observeCompose(): Promise<string | undefined> {
  const result = await run('docker', ['compose', 'version', '--short']).catch(() => undefined)
  if (result?.code !== 0) return undefined
  const version = result.stdout.trim().replace(/^v/, '')
  return /^\d+\./.test(version) ? version : undefined
}

async function observeMirror(codename: string): Promise<DebianMirror> {
  const folder = '/etc/apt/sources.list.d'
  const names = await readdir(folder).catch(() => [])
  const paths = names
    .filter((name) => /\.(list|sources)$/.test(name))
    .map((name) => join(folder, name))
  const texts = await Promise.all(
    ['/etc/apt/sources.list', ...paths].map((path) => readFile(path, 'utf8').catch(() => '')),
  )
  return findDebianMirror(texts, codename)
}

async function freeBytesOf(folder: string): Promise<number> {
  let existing = folder
  while (!existsSync(existing)) existing = dirname(existing)
  const { bavail, bsize } = await statfs(existing)
  return bavail * bsize
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}
