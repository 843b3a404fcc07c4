/** Is this machine able to run a cluster, and if not, how to mend that. Looks; changes nothing. */
import type { InPlaceRecord } from '../restore/in-place-record.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import type { ComparedCopy } from '../state/backup-key.ts'
import type { Machine } from './observe-machine.ts'

/** One thing that was looked at. `fix` is there whenever `status` is not `ok`. */
export interface Finding {
  readonly id:
    | 'system'
    | 'root'
    | 'engine'
    | 'socket'
    | 'client'
    | 'compose'
    | 'iptables'
    | 'disk'
    | 'memory'
    | 'processors'
    | 'clock'
    | 'room'
    | 'backups'
    | 'kept-data'
  /** A `problem` stops `up`; a `warning` does not. */
  readonly status: 'ok' | 'warning' | 'problem'
  readonly what: string
  readonly fix?: string
}

export interface DiagnoseOptions {
  /** Whether set-up may install what is missing: what it would mend is then a warning. Default: true. */
  readonly mayInstall?: boolean
  /** How much memory the cluster may use by its own limits. Default: the 3 GiB that the default file idles under. */
  readonly clusterMemoryBytes?: number
}

const GIB = 1024 ** 3
const DISK_NEEDED_BYTES = 6 * GIB
const DISK_COMFORTABLE_BYTES = 15 * GIB
const MEMORY_COMFORTABLE_BYTES = 6 * GIB
const DEFAULT_CLUSTER_MEMORY_BYTES = 3 * GIB
const DAY_MS = 86_400_000
const OLDEST_ENGINE = '20.10'
const OLDEST_COMPOSE = '2.20'

type Check = (machine: Machine, options: DiagnoseOptions) => Finding

const CHECKS: readonly Check[] = [
  checkSystem,
  checkRoot,
  checkEngine,
  checkSocket,
  checkClient,
  checkCompose,
  checkIptables,
  checkDisk,
  checkMemory,
  checkProcessors,
  checkClock,
]

/** Judges an observed machine, in the order in which a person would mend it. Pure. */
export function diagnose(machine: Machine, options: DiagnoseOptions = {}): readonly Finding[] {
  return CHECKS.map((check) => check(machine, options))
}

/** Findings as lines for people; `ok` ones are one line, the others say how to mend them. */
export function formatFindings(findings: readonly Finding[]): string {
  const marks = { ok: '✓', warning: '!', problem: '✗' } as const
  return findings
    .map(
      ({ status, what, fix }) =>
        `${marks[status]} ${what}${fix === undefined ? '' : `\n    ${fix}`}`,
    )
    .join('\n')
}

function checkSystem({ os, arch }: Machine): Finding {
  const name = os.name === '' ? 'an unknown system' : os.name
  if (arch !== 'x64') {
    return problem(
      'system',
      `${name} on ${arch}`,
      'NeuronHA runs on Linux amd64; take such a machine',
    )
  }
  return os.id === 'debian' || os.id === 'ubuntu'
    ? ok('system', `${name}, amd64`)
    : warning(
        'system',
        `${name}, amd64`,
        'set-up installs on Debian and Ubuntu only; elsewhere, install the engine by hand',
      )
}

function checkRoot({ isRoot }: Machine): Finding {
  return isRoot
    ? ok('root', 'running as root')
    : problem('root', 'not running as root', 'run it with sudo')
}

function checkEngine({ daemon, programs, hasSystemd }: Machine, options: DiagnoseOptions): Finding {
  if (daemon.kind === 'running') {
    return isAtLeast(daemon.version, OLDEST_ENGINE)
      ? ok('engine', `container engine ${daemon.version} answers`)
      : problem(
          'engine',
          `container engine ${daemon.version} is too old`,
          `install ${OLDEST_ENGINE} or later`,
        )
  }
  const start = hasSystemd ? 'systemctl enable --now docker' : 'dockerd, started as root'
  switch (daemon.why) {
    case 'no-permission':
      return problem(
        'engine',
        'the engine runs, but this user may not talk to it',
        'run it with sudo',
      )
    case 'no-answer':
      return problem(
        'engine',
        `the engine does not answer: ${daemon.message}`,
        `restart it: ${start}`,
      )
    case 'not-running':
      return programs.dockerd === undefined
        ? mendable(
            'engine',
            'no container engine is installed',
            'apt-get install docker.io iptables',
            options,
          )
        : warning(
            'engine',
            'the container engine is installed and not running',
            `\`neuronha up\` starts it, or: ${start}`,
          )
  }
}

/** How to let a group use the engine's socket, as Debian's package does. */
export const OPEN_SOCKET =
  'groupadd --system docker; chgrp docker /var/run/docker.sock; chmod 660 /var/run/docker.sock'

/** Engine proxies reach the engine as members of its socket's group. */
function checkSocket({ engineSocket }: Machine): Finding {
  if (engineSocket === undefined) return ok('socket', 'no engine yet, so no socket of one')
  const { path, gid, isOpenToGroup } = engineSocket
  if (!isOpenToGroup) return problem('socket', `the group of ${path} may not use it`, OPEN_SOCKET)
  return gid === 0
    ? warning(
        'socket',
        `${path} belongs to group root, which engine proxies then join in their containers`,
        `better a group of its own: ${OPEN_SOCKET}`,
      )
    : ok('socket', `group ${gid} may use ${path}`)
}

function checkClient({ programs }: Machine, options: DiagnoseOptions): Finding {
  return programs.docker === undefined
    ? mendable(
        'client',
        'no docker client is installed',
        'apt-get install docker.io (Debian 13: docker-cli)',
        options,
      )
    : ok('client', `docker client at ${programs.docker}`)
}

function checkCompose({ composeVersion }: Machine, options: DiagnoseOptions): Finding {
  if (composeVersion === undefined) {
    const byHand =
      'Ubuntu: apt-get install docker-compose-v2; Debian 13: apt-get install docker-compose'
    return mendable('compose', '`docker compose` (version 2) is missing', byHand, options)
  }
  return isAtLeast(composeVersion, OLDEST_COMPOSE)
    ? ok('compose', `Docker Compose ${composeVersion}`)
    : problem(
        'compose',
        `Docker Compose ${composeVersion} is too old`,
        `install ${OLDEST_COMPOSE} or later`,
      )
}

function checkIptables({ programs, daemon }: Machine, options: DiagnoseOptions): Finding {
  if (programs.iptables !== undefined) return ok('iptables', `iptables at ${programs.iptables}`)
  return daemon.kind === 'running'
    ? ok('iptables', 'no iptables, and the running engine does without')
    : mendable(
        'iptables',
        'iptables is missing; the engine needs it',
        'apt-get install iptables',
        options,
      )
}

function checkDisk({ engineFolder, engineFolderFreeBytes }: Machine): Finding {
  const what = `${gib(engineFolderFreeBytes)} free where the engine keeps its data (${engineFolder})`
  if (engineFolderFreeBytes < DISK_NEEDED_BYTES) {
    return problem(
      'disk',
      what,
      `free ${gib(DISK_NEEDED_BYTES)} there (docker image prune), or move the engine's data-root`,
    )
  }
  return engineFolderFreeBytes < DISK_COMFORTABLE_BYTES
    ? warning(
        'disk',
        what,
        `enough to start; data, WAL and backups grow, ${gib(DISK_COMFORTABLE_BYTES)} is comfortable`,
      )
    : ok('disk', what)
}

function checkMemory({ memoryBytes }: Machine, options: DiagnoseOptions): Finding {
  const cluster = options.clusterMemoryBytes ?? DEFAULT_CLUSTER_MEMORY_BYTES
  const what = `${gib(memoryBytes)} of memory`
  if (memoryBytes < cluster) {
    return problem(
      'memory',
      what,
      `the cluster needs ${gib(cluster)}; use examples/laptop.yaml or a larger machine`,
    )
  }
  return memoryBytes < Math.max(MEMORY_COMFORTABLE_BYTES, cluster * 1.2)
    ? warning(
        'memory',
        what,
        'little room beside the cluster; examples/laptop.yaml is a smaller one',
      )
    : ok('memory', what)
}

function checkProcessors({ cpus }: Machine): Finding {
  return cpus < 2
    ? warning(
        'processors',
        `${cpus} processor`,
        'works, but failover times are longer than predicted; two are better',
      )
    : ok('processors', `${cpus} processors`)
}

/** What would be lost with this machine. Pure. */
export function diagnoseBackups(
  { name, backup }: Pick<ClusterSpec, 'name' | 'backup'>,
  copy: ComparedCopy | undefined,
): Finding {
  if (backup.repositories.length === 0)
    return warning(
      'backups',
      `${name} has no backups`,
      'name a repository under backup.repositories',
    )
  if (backup.repositories.every(({ kind }) => kind === 'trial'))
    return warning(
      'backups',
      `the backups of ${name} are on this machine only`,
      'name an S3-compatible store under backup.repositories: a machine that is lost takes its trial store with it',
    )
  return copy === undefined
    ? warning(
        'backups',
        `the key of the backups of ${name} is on this machine only, as far as is known`,
        'keep a copy elsewhere (`./neuronha backup key`), and have it compared: `./neuronha backup key --compare FILE`',
      )
    : ok('backups', `a copy of the key of the backups was compared on ${copy.at.slice(0, 10)}`)
}

/** The data of before a restore in place takes as much disk once more. Pure. */
export const diagnoseKeptData = ({
  since,
  phase,
}: Pick<InPlaceRecord, 'since' | 'phase'>): Finding =>
  phase === 'kept' || phase === 'dropping'
    ? warning(
        'kept-data',
        `the data of before the restore in place of ${since.slice(0, 10)} is kept in the members’ volumes`,
        `\`./neuronha restore --drop-old\` drops it${phase === 'kept' ? ', `./neuronha restore --undo` puts it back' : ''}`,
      )
    : {
        id: 'kept-data',
        status: 'problem',
        what: 'a restore in place, or its undo, was interrupted',
        fix: 'run the same command again: it goes on',
      }

/** A day of tolerance: files may come from a machine whose own clock was ahead. */
function checkClock({ clockMs, fileTimeMs }: Machine): Finding {
  const what = `the clock says ${new Date(clockMs).toISOString()}`
  return clockMs < fileTimeMs - DAY_MS
    ? problem(
        'clock',
        `${what}, which is before these files were written`,
        'set it: certificates would not be valid',
      )
    : ok('clock', what)
}

const ok = (id: Finding['id'], what: string): Finding => ({ id, status: 'ok', what })
const warning = (id: Finding['id'], what: string, fix: string): Finding => ({
  id,
  status: 'warning',
  what,
  fix,
})
const problem = (id: Finding['id'], what: string, fix: string): Finding => ({
  id,
  status: 'problem',
  what,
  fix,
})

/** Something that `up` installs by itself, unless it must not. */
function mendable(
  id: Finding['id'],
  what: string,
  byHand: string,
  options: DiagnoseOptions,
): Finding {
  return options.mayInstall === false
    ? problem(id, what, byHand)
    : warning(id, what, `\`neuronha up\` installs it, or by hand: ${byHand}`)
}

/** Compares dotted versions by their first two numbers; whatever follows does not count. */
export function isAtLeast(version: string, oldest: string): boolean {
  const numbers = (text: string): number[] =>
    text.split('.').map((part) => Number.parseInt(part, 10) || 0)
  const [major = 0, minor = 0] = numbers(version)
  const [oldestMajor = 0, oldestMinor = 0] = numbers(oldest)
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)
}

function gib(bytes: number): string {
  const value = bytes / GIB
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} GiB`
}
