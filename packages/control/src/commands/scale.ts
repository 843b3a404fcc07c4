/** `scale SERVICE=N`: changes the number in the cluster file, comments and all, and converges. */
import { readFile } from 'node:fs/promises'
import { parseDocument } from 'yaml'
import { PlatformError } from '@neuronha/core/errors.ts'
import { closestOf } from '@neuronha/core/spec/closest.ts'
import { formatClusterFileIssue, parseClusterFile } from '@neuronha/core/spec/parse-cluster-file.ts'
import { loadApplied, stateFolderOf, writeAtomically } from '../state/state-folder.ts'
import { recordOutcome, withAudit } from './audit.ts'
import { openCluster, type ClusterChoice, type CommandIo } from './context.ts'
import { up } from './up.ts'

/** What can be scaled, and the field of the cluster file that says how far. */
const SCALABLE: Readonly<Record<string, readonly string[]>> = {
  agent: ['services', 'agent', 'replicas'],
  'desktop-api': ['services', 'desktopApi', 'replicas'],
  console: ['services', 'console', 'replicas'],
  mcp: ['services', 'mcp', 'replicas'],
  pooler: ['database', 'pooler', 'replicas'],
  router: ['database', 'router', 'replicas'],
  member: ['database', 'members'],
  edge: ['edge', 'replicas'],
  controller: ['controller', 'replicas'],
}

export interface ScaleOptions extends ClusterChoice {
  readonly targets: readonly string[]
  readonly yes: boolean
}

/** The text of a cluster file with these numbers in it. Pure. */
export function scaleClusterFile(text: string, targets: readonly string[]): string {
  const document = parseDocument(text)
  for (const { path, count } of targets.map(parseTarget)) document.setIn(path, count)
  return document.toString()
}

function parseTarget(target: string): { path: readonly string[]; count: number } {
  const [, component = '', digits = ''] = /^([a-z-]+)=(\d+)$/.exec(target) ?? []
  const path = SCALABLE[component]
  if (path === undefined) {
    const closest = closestOf(component || target, Object.keys(SCALABLE))
    throw new PlatformError('USAGE', `cannot scale ${target}`, {
      hint: closest
        ? `Did you mean ${closest}=N?`
        : `Write SERVICE=N, where SERVICE is one of ${Object.keys(SCALABLE).join(', ')}.`,
    })
  }
  return { path, count: Number(digits) }
}

export async function scale(io: CommandIo, options: ScaleOptions): Promise<void> {
  const cluster = await openCluster(io, options)
  const state = stateFolderOf(cluster.spec.name)
  const path = (await loadApplied(state))?.source ?? state.clusterFile
  const text = scaleClusterFile(await readFile(path, 'utf8'), options.targets)
  const parsed = parseClusterFile(text)
  if (parsed.kind === 'invalid') {
    throw new PlatformError(
      'CLUSTER_FILE_INVALID',
      parsed.issues.map(formatClusterFileIssue).join('\n'),
      {
        hint: `${path} was not changed.`,
      },
    )
  }
  const previous = await readFile(path, 'utf8')
  await writeAtomically(path, text, 0o644)
  io.progress.say(`${path}: ${options.targets.join(', ')}`)
  try {
    await withAudit(io, cluster, (audit) =>
      recordOutcome(
        audit,
        'cli.scale',
        () => up(io, { file: path, cluster: undefined, yes: options.yes, install: false }),
        () => ({ summary: `scale: ${options.targets.join(', ')}` }),
      ),
    )
  } catch (error) {
    if (
      error instanceof PlatformError &&
      (error.code === 'REFUSED_FOR_SAFETY' || error.code === 'CLUSTER_BUSY')
    ) {
      await writeAtomically(path, previous, 0o644)
    }
    throw error
  }
}
