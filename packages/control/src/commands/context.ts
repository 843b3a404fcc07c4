/**
 * What commands share: which cluster is meant, its file, its secrets, how to look at it. A cluster is
 * named by `--cluster`, else by the cluster file (`-f`, ./cluster.yaml), else it is the only one here.
 */
import { dirname, join, resolve } from 'node:path'
import { PlatformError } from '@neuronha/core/errors.ts'
import { observeConfigOf } from '@neuronha/core/render/services.ts'
import type { ClusterSecrets } from '@neuronha/core/secrets.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { formatClusterFileIssue, parseClusterFile } from '@neuronha/core/spec/parse-cluster-file.ts'
import { readClusterRecords } from '../coordination/cluster-records.ts'
import type { Progress } from '../setup/progress.ts'
import { createObserver, type Observer } from '../observe/create-observer.ts'
import {
  listClusters,
  loadApplied,
  loadSecrets,
  readTextIfThere,
  stateFolderOf,
  type StateFolder,
} from '../state/state-folder.ts'
import { cliTlsFiles, openKv } from './open-kv.ts'

export interface CommandIo {
  /** Results. */
  readonly out: (text: string) => void
  /** Progress, notes and errors. */
  readonly progress: Progress
  /** Something to know beside the result, also where progress is silent. */
  readonly warn: (text: string) => void
  readonly json: boolean
  readonly color: boolean
  readonly width: number
  readonly isTerminal: boolean
  readonly signal: AbortSignal
  /** Asks the person; rejects when there is none to ask. */
  readonly confirm: (question: string) => Promise<boolean>
  /** Has the person type an answer; empty when there is none to ask, or none was given. */
  readonly ask: (question: string) => Promise<string>
  readonly cwd: string
  /** The command line as typed, for the lock and the log. */
  readonly commandLine: string
}

/** For a command within another one: only how it ends is of interest. */
export const quiet = (io: CommandIo): CommandIo => ({ ...io, json: false, out: () => undefined })

export interface ClusterChoice {
  readonly file?: string | undefined
  readonly cluster?: string | undefined
}

export interface ClusterSource {
  readonly spec: ClusterSpec
  readonly text: string
  /** Absolute path of the file; null: the defaults, or the copy that was last applied. */
  readonly path: string | null
  /** Folder that relative paths in the file start from. */
  readonly baseDir: string
}

const DEFAULT_FILE = 'cluster.yaml'

/**
 * The cluster file that a command means: `-f`, ./cluster.yaml, what was last applied to `--cluster` (or
 * to the only cluster here), or the defaults.
 *
 * @throws PlatformError CLUSTER_FILE_INVALID with every problem of the file.
 */
export async function loadClusterSource(
  io: CommandIo,
  choice: ClusterChoice,
): Promise<ClusterSource> {
  const named =
    choice.file ??
    ((await readTextIfThere(join(io.cwd, DEFAULT_FILE))) === undefined ? undefined : DEFAULT_FILE)
  if (named !== undefined) {
    const path = resolve(io.cwd, named)
    const text = await readTextIfThere(path)
    if (text === undefined) {
      throw new PlatformError('CLUSTER_FILE_INVALID', `there is no cluster file ${path}`, {
        hint: 'Name one with -f, or leave it out for the defaults; examples/ has some.',
      })
    }
    return { spec: parseOrThrow(text, path), text, path, baseDir: dirname(path) }
  }
  const cluster = choice.cluster ?? (await onlyClusterHere())
  const applied = cluster === undefined ? undefined : await loadAppliedSource(cluster)
  if (applied !== undefined) return applied
  const text = choice.cluster === undefined ? '' : `name: ${choice.cluster}\n`
  return { spec: parseOrThrow(text, 'the defaults'), text, path: null, baseDir: io.cwd }
}

/** The cluster file as it was last applied, whatever became of the original; undefined: the cluster never was here. */
export async function loadAppliedSource(cluster: string): Promise<ClusterSource | undefined> {
  const state = stateFolderOf(cluster)
  const text = await readTextIfThere(state.clusterFile)
  if (text === undefined) return undefined
  const source = (await loadApplied(state))?.source ?? null
  const baseDir = source === null ? state.root : dirname(source)
  return { spec: parseOrThrow(text, state.clusterFile), text, path: source, baseDir }
}

function parseOrThrow(text: string, path: string): ClusterSpec {
  const parsed = parseClusterFile(text)
  if (parsed.kind === 'ok') return parsed.spec
  const problems = parsed.issues.map(formatClusterFileIssue)
  const count = `${problems.length} problem${problems.length === 1 ? '' : 's'}`
  throw new PlatformError(
    'CLUSTER_FILE_INVALID',
    `${path} has ${count}:\n  ${problems.join('\n  ')}`,
    {
      hint: 'Nothing was touched. docs/reference/cluster-file.md lists every setting.',
      details: { issues: parsed.issues },
    },
  )
}

async function onlyClusterHere(): Promise<string | undefined> {
  const clusters: string[] = []
  for (const name of await listClusters()) {
    if ((await readTextIfThere(stateFolderOf(name).clusterFile)) !== undefined) clusters.push(name)
  }
  return clusters.length === 1 ? clusters[0] : undefined
}

/** A cluster that was brought up on this machine. */
export interface OpenCluster {
  readonly spec: ClusterSpec
  readonly secrets: ClusterSecrets
  readonly state: StateFolder
}

/**
 * The cluster that a day-two command means, as it was last applied.
 *
 * @throws PlatformError CLUSTER_ABSENT when it was never brought up here.
 */
export async function openCluster(io: CommandIo, choice: ClusterChoice): Promise<OpenCluster> {
  const name = choice.cluster ?? (await loadClusterSource(io, choice)).spec.name
  const state = stateFolderOf(name)
  const text = await readTextIfThere(state.clusterFile)
  const secrets = await loadSecrets(state)
  if (text === undefined || secrets === undefined) {
    const others = await listClusters()
    throw new PlatformError('CLUSTER_ABSENT', `there is no cluster ${name} on this machine`, {
      hint:
        others.length > 0 && !others.includes(name)
          ? `Clusters here: ${others.join(', ')}; choose one with --cluster.`
          : 'Bring it up with `./neuronha up`.',
    })
  }
  return { spec: parseOrThrow(text, state.clusterFile), secrets, state }
}

/** Looks at the cluster from this machine, with the CLI's own certificate. */
export function createClusterObserver(cluster: OpenCluster, slowEveryMs = 0): Observer {
  const { spec, secrets } = cluster
  const { kv, close } = openKv(cluster)
  const observer = createObserver(observeConfigOf(spec, secrets, cliTlsFiles(cluster)), {
    slowEveryMs,
    readRecords: () => readClusterRecords(kv, spec.name),
  })
  return {
    observe: () => observer.observe(),
    close: async () => {
      await Promise.all([observer.close(), close()])
    },
  }
}
