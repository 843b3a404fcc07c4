/** Commands that go into containers: `psql`, `logs`, `exec`. Their exit code is the program's. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { PlatformError } from '@neuronha/core/errors.ts'
import { closestOf } from '@neuronha/core/spec/closest.ts'
import { allContainers } from '@neuronha/core/topology/containers.ts'
import { PLATFORM_DATABASE } from '@neuronha/core/topology/roles.ts'
import {
  createClusterObserver,
  openCluster,
  type ClusterChoice,
  type CommandIo,
  type OpenCluster,
} from './context.ts'

/** Runs docker on this terminal until it ends. Returns its exit code. */
async function runDocker(args: readonly string[], signal: AbortSignal): Promise<number> {
  const child = spawn('docker', args, { stdio: 'inherit' })
  const stop = (): void => void child.kill('SIGTERM')
  signal.addEventListener('abort', stop, { once: true })
  const [code] = (await once(child, 'exit')) as [number | null]
  signal.removeEventListener('abort', stop)
  return code ?? 1
}

/** The containers that a word means: a full name, `member-1`, or a component such as `agent`. */
export function findContainers({ spec }: OpenCluster, word: string): readonly string[] {
  const all = allContainers(spec)
  const found = all.filter(
    ({ name, component, ordinal }) =>
      word === name || word === component || word === `${component}-${ordinal}`,
  )
  if (found.length > 0) return found.map(({ name }) => name)
  const words = all.flatMap(({ component, ordinal }) => [component, `${component}-${ordinal}`])
  const closest = closestOf(word, words)
  throw new PlatformError('USAGE', `${spec.name} has no container ${word}`, {
    hint: closest === undefined ? '`./neuronha status` lists them.' : `Did you mean ${closest}?`,
  })
}

/** The one member that a word means. */
export function findMember(cluster: OpenCluster, word: string): string {
  const members = findContainers(cluster, word).filter((name) =>
    allContainers(cluster.spec).some(
      (container) => container.name === name && container.component === 'member',
    ),
  )
  const [name] = members
  if (name !== undefined && members.length === 1) return name
  throw new PlatformError('USAGE', `${word} is not one member`, {
    hint: 'Name one, for example member-2.',
  })
}

export interface PsqlOptions extends ClusterChoice {
  readonly role: 'primary' | 'standby'
  readonly database: string | undefined
  readonly arguments: readonly string[]
}

/** Opens psql as superuser on the primary, or on a streaming standby. */
export async function psql(io: CommandIo, options: PsqlOptions): Promise<number> {
  const cluster = await openCluster(io, options)
  const observer = createClusterObserver(cluster)
  const seen = await observer.observe().finally(() => observer.close())
  const member = seen.members.find(({ role, state }) =>
    options.role === 'primary' ? role === 'primary' : role !== 'primary' && state === 'streaming',
  )
  if (member === undefined) {
    throw new PlatformError('CLUSTER_DEGRADED', `there is no ${options.role} at the moment`, {
      hint: '`./neuronha status` says why.',
    })
  }
  const terminal = io.isTerminal && options.arguments.length === 0 ? ['-it'] : ['-i']
  const database = options.database ?? PLATFORM_DATABASE
  return runDocker(
    [
      'exec',
      ...terminal,
      member.name,
      'psql',
      '-U',
      'postgres',
      '-d',
      database,
      ...options.arguments,
    ],
    io.signal,
  )
}

export interface LogsOptions extends ClusterChoice {
  readonly container: string
  readonly follow: boolean
  readonly tail: string
}

/** Logs of the containers that a word means, one after the other, or one followed. */
export async function logs(io: CommandIo, options: LogsOptions): Promise<number> {
  const names = findContainers(await openCluster(io, options), options.container)
  if (options.follow && names.length > 1) {
    throw new PlatformError(
      'USAGE',
      `--follow takes one container, and ${options.container} is ${names.length}`,
      {
        hint: `For example: ./neuronha logs --follow ${options.container}-1`,
      },
    )
  }
  let code = 0
  for (const name of names) {
    if (names.length > 1) io.out(`== ${name}`)
    const follow = options.follow ? ['--follow'] : []
    code ||= await runDocker(['logs', '--tail', options.tail, ...follow, name], io.signal)
  }
  return code
}

export interface ExecOptions extends ClusterChoice {
  readonly container: string
  readonly command: readonly string[]
}

/** Runs a command in one container. */
export async function exec(io: CommandIo, options: ExecOptions): Promise<number> {
  const [name = ''] = findContainers(await openCluster(io, options), options.container)
  return runDocker(['exec', io.isTerminal ? '-it' : '-i', name, ...options.command], io.signal)
}
