/**
 * Which steps would make this machine able to run a cluster. Pure: it reads an observation and
 * returns steps, for what is missing only; what already works is never touched.
 */
import { fileURLToPath } from 'node:url'

import type { Machine } from './observe-machine.ts'

export interface SetupStep {
  readonly id: 'package-index' | 'engine-packages' | 'compose' | 'base-image-tools' | 'engine-start'
  readonly title: string
  readonly why: string
  /** False for a step that only starts what is there; `--no-install` allows it. */
  readonly installs: boolean
  /** To be run in this order, as root; each is also fit to be typed by hand. */
  readonly commands: readonly (readonly string[])[]
}

export interface PlanSetupOptions {
  /** Whether a base image has to be made here, since no registry answers and none was made before. */
  readonly needsBaseImageTools: boolean
}

const COMPOSE_SCRIPT = fileURLToPath(new URL('install-compose-plugin.sh', import.meta.url))
const START_SCRIPT = fileURLToPath(new URL('start-engine.sh', import.meta.url))
const APT = [
  'env',
  'DEBIAN_FRONTEND=noninteractive',
  'NEEDRESTART_SUSPEND=1',
  'apt-get',
  '--quiet',
] as const

/** The steps that are missing on this machine; none when it can run a cluster as it is. */
export function planSetup(machine: Machine, options: PlanSetupOptions): readonly SetupStep[] {
  const installs = [
    ...planEngine(machine),
    ...planCompose(machine),
    ...(options.needsBaseImageTools ? planBaseImageTools(machine) : []),
  ]
  const usesApt = installs.some((step) =>
    step.commands.some((command) => command.includes('apt-get')),
  )
  return [...(usesApt ? [PACKAGE_INDEX] : []), ...installs, ...planStart(machine)]
}

/** Why set-up cannot succeed here, each with what to do; empty when it can. */
export function findObstacles(machine: Machine): readonly string[] {
  const obstacles: string[] = []
  if (machine.arch !== 'x64')
    obstacles.push(`the processor is ${machine.arch}; NeuronHA runs on amd64 only`)
  if (!machine.isRoot) obstacles.push('set-up needs root; run it with sudo')
  if (machine.daemon.kind === 'unreachable' && machine.daemon.why === 'no-answer') {
    obstacles.push(
      `the container engine hangs (${machine.daemon.message}); restart it: systemctl restart docker`,
    )
  }
  const isMissing = planEngine(machine).length + planCompose(machine).length > 0
  if (isMissing && !canInstall(machine)) {
    obstacles.push(
      `set-up knows Debian 12 and later and Ubuntu 22.04 and later, not ${machine.os.name || 'this system'};` +
        ' install Docker Engine 20.10 or later and Docker Compose 2.20 or later by hand',
    )
  }
  if (hasEngine(machine) && machine.programs.docker === undefined && !hasSeparateClient(machine)) {
    obstacles.push(
      'there is a container engine but no docker client; install the client of that engine',
    )
  }
  return obstacles
}

const PACKAGE_INDEX: SetupStep = {
  id: 'package-index',
  title: 'Refreshing the package index',
  why: 'packages are to be installed, and an old index names versions that the mirror no longer has',
  installs: true,
  commands: [[...APT, 'update']],
}

function planEngine(machine: Machine): SetupStep[] {
  const packages = [
    ...(hasEngine(machine) ? [] : ['docker.io']),
    ...(machine.programs.docker === undefined && hasSeparateClient(machine) ? ['docker-cli'] : []),
    // A running engine has found its own way to filter packets.
    ...(machine.daemon.kind === 'running' || machine.programs.iptables !== undefined
      ? []
      : ['iptables']),
  ]
  if (packages.length === 0) return []
  return [
    {
      id: 'engine-packages',
      title: `Installing ${packages.join(', ')}`,
      why: 'every part of a cluster runs in a container; the engine needs iptables for the network between them',
      installs: true,
      commands: [installCommand(packages)],
    },
  ]
}

function planCompose(machine: Machine): SetupStep[] {
  if (machine.composeVersion !== undefined) return []
  const why =
    'a cluster is one Compose project, and the docker client has no compose command of version 2'
  if (machine.os.id === 'ubuntu') {
    const commands = [installCommand(['docker-compose-v2'])]
    return [{ id: 'compose', title: 'Installing docker-compose-v2', why, installs: true, commands }]
  }
  if (majorOf(machine) >= 13) {
    const commands = [installCommand(['docker-compose'])]
    return [{ id: 'compose', title: 'Installing docker-compose', why, installs: true, commands }]
  }
  return [
    {
      id: 'compose',
      title: "Installing the Compose plugin of Debian 13's docker-compose",
      why: `${why}; that of Debian ${machine.os.versionId} is version 1, so one file is taken from the next release`,
      installs: true,
      commands: [['sh', COMPOSE_SCRIPT, machine.mirror.archive]],
    },
  ]
}

function planBaseImageTools(machine: Machine): SetupStep[] {
  if (machine.programs.mmdebstrap !== undefined) return []
  const packages = ['mmdebstrap', ...(machine.os.id === 'debian' ? [] : ['debian-archive-keyring'])]
  return [
    {
      id: 'base-image-tools',
      title: `Installing ${packages.join(', ')}`,
      why: 'no container registry answers, so the base image is made from the Debian mirror',
      installs: true,
      commands: [installCommand(packages)],
    },
  ]
}

function planStart(machine: Machine): SetupStep[] {
  if (machine.daemon.kind === 'running') return []
  const command = machine.hasSystemd
    ? ['systemctl', 'enable', '--now', 'docker']
    : ['sh', START_SCRIPT]
  return [
    {
      id: 'engine-start',
      title: 'Starting the container engine',
      why: machine.hasSystemd
        ? 'it does not run'
        : 'it does not run, and without systemd nothing else starts it; it stays when this command ends',
      installs: false,
      commands: [command],
    },
  ]
}

function installCommand(packages: readonly string[]): readonly string[] {
  return [
    ...APT,
    '-o',
    'DPkg::Lock::Timeout=300',
    'install',
    '--yes',
    '--no-install-recommends',
    ...packages,
  ]
}

function hasEngine(machine: Machine): boolean {
  return machine.daemon.kind === 'running' || machine.programs.dockerd !== undefined
}

/** Debian 13 has the client in a package of its own; before, and on Ubuntu, it comes with the engine. */
function hasSeparateClient(machine: Machine): boolean {
  return machine.os.id === 'debian' && majorOf(machine) >= 13
}

function canInstall(machine: Machine): boolean {
  if (machine.programs['apt-get'] === undefined) return false
  if (machine.os.id === 'debian') return majorOf(machine) >= 12
  return machine.os.id === 'ubuntu' && majorOf(machine) >= 22
}

/** The major version; the releases of Debian that have no number yet come after all others. */
function majorOf(machine: Machine): number {
  return machine.os.versionId === ''
    ? Number.POSITIVE_INFINITY
    : Number.parseInt(machine.os.versionId, 10)
}
