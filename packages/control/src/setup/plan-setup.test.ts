import { describe, expect, it } from 'vitest'

import { DEFAULT_MIRROR } from './apt-sources.ts'
import { parseOsRelease, type Machine } from './observe-machine.ts'
import { findObstacles, planSetup } from './plan-setup.ts'

const DEBIAN_12 = { id: 'debian', versionId: '12', codename: 'bookworm', name: 'Debian 12' }
const DEBIAN_13 = { id: 'debian', versionId: '13', codename: 'trixie', name: 'Debian 13' }
const UBUNTU = { id: 'ubuntu', versionId: '24.04', codename: 'noble', name: 'Ubuntu 24.04' }
const RUNNING = {
  kind: 'running',
  version: '28.0.0',
  dataFolder: '/data',
  cgroupVersion: '2',
} as const
const NOT_RUNNING = { kind: 'unreachable', why: 'not-running', message: 'ENOENT' } as const

function aMachine(overrides: Partial<Machine> = {}): Machine {
  return {
    os: DEBIAN_12,
    arch: 'x64',
    isRoot: true,
    hasSystemd: false,
    programs: { 'apt-get': '/usr/bin/apt-get' },
    daemon: NOT_RUNNING,
    engineSocket: undefined,
    composeVersion: undefined,
    engineFolder: '/var/lib/docker',
    engineFolderFreeBytes: 50e9,
    memoryBytes: 16e9,
    cpus: 2,
    mirror: DEFAULT_MIRROR,
    clockMs: 2e12,
    fileTimeMs: 1e12,
    ...overrides,
  }
}

const aReadyMachine = (overrides: Partial<Machine> = {}): Machine =>
  aMachine({
    programs: {
      'apt-get': '/usr/bin/apt-get',
      docker: '/usr/bin/docker',
      dockerd: '/usr/sbin/dockerd',
    },
    daemon: RUNNING,
    engineSocket: { path: '/var/run/docker.sock', gid: 105, isOpenToGroup: true },
    composeVersion: '2.26.1',
    ...overrides,
  })

const ids = (machine: Machine, needsBaseImageTools = false): string[] =>
  planSetup(machine, { needsBaseImageTools }).map((step) => step.id)
const commandsOf = (machine: Machine, needsBaseImageTools = false): string =>
  planSetup(machine, { needsBaseImageTools })
    .flatMap((step) => step.commands.map((command) => command.join(' ')))
    .join('\n')

describe('planSetup', () => {
  it('plans nothing for a machine that has all of it', () => {
    expect(ids(aReadyMachine())).toEqual([])
  })

  it('plans everything, index first and start last, for a bare machine', () => {
    expect(ids(aMachine(), true)).toEqual([
      'package-index',
      'engine-packages',
      'compose',
      'base-image-tools',
      'engine-start',
    ])
  })

  it('takes a client without an engine for what it is', () => {
    const machine = aMachine({
      programs: { 'apt-get': '/usr/bin/apt-get', docker: '/usr/local/bin/docker' },
    })
    expect(commandsOf(machine)).toContain('docker.io iptables')
  })

  it('starts an engine that is installed and stopped, and installs none', () => {
    const machine = aReadyMachine({
      daemon: NOT_RUNNING,
      programs: { docker: '/d', dockerd: '/e', iptables: '/i' },
    })
    expect(ids(machine)).toEqual(['engine-start'])
    expect(planSetup(machine, { needsBaseImageTools: false })[0]?.installs).toBe(false)
  })

  it('leaves the packet filter of a running engine alone', () => {
    expect(commandsOf(aReadyMachine({ composeVersion: undefined }))).not.toContain('iptables')
  })

  it('starts the engine through systemd where systemd runs, by hand elsewhere', () => {
    expect(commandsOf(aMachine({ hasSystemd: true }))).toContain('systemctl enable --now docker')
    expect(commandsOf(aMachine())).toContain('start-engine.sh')
  })

  it('takes Compose from where each release has version 2', () => {
    expect(commandsOf(aMachine({ os: UBUNTU }))).toContain('docker-compose-v2')
    expect(commandsOf(aMachine({ os: DEBIAN_13 }))).toMatch(/install .* docker-compose$/m)
    const mirror = {
      archive: 'http://mirror.example/debian',
      security: 'http://mirror.example/security',
    }
    expect(commandsOf(aMachine({ mirror }))).toMatch(
      /install-compose-plugin\.sh http:\/\/mirror\.example\/debian/,
    )
  })

  it('installs the client of its own package on Debian 13', () => {
    expect(commandsOf(aMachine({ os: DEBIAN_13 }))).toContain('docker.io docker-cli iptables')
  })

  it("brings Debian's keys along on Ubuntu, for the base image", () => {
    expect(commandsOf(aReadyMachine({ os: UBUNTU }), true)).toContain(
      'mmdebstrap debian-archive-keyring',
    )
  })
})

describe('findObstacles', () => {
  it('finds none on a bare Debian 12 for root', () => {
    expect(findObstacles(aMachine())).toEqual([])
  })

  it.each([
    [aMachine({ isRoot: false }), 'root'],
    [aMachine({ arch: 'arm64' }), 'amd64'],
    [aMachine({ os: { ...DEBIAN_12, versionId: '11', name: 'Debian 11' } }), 'not Debian 11'],
    [
      aMachine({
        os: { id: 'fedora', versionId: '42', codename: '', name: 'Fedora 42' },
        programs: {},
      }),
      'Fedora 42',
    ],
    [aReadyMachine({ programs: { 'apt-get': '/usr/bin/apt-get' } }), 'no docker client'],
    [aMachine({ daemon: { kind: 'unreachable', why: 'no-answer', message: 'timeout' } }), 'hangs'],
  ])('names what stands in the way (%#)', (machine, expected) => {
    expect(findObstacles(machine).join('\n')).toContain(expected)
  })

  it('lets an unknown system pass that has everything already', () => {
    expect(
      findObstacles(
        aReadyMachine({ os: { id: 'arch', versionId: '', codename: '', name: 'Arch' } }),
      ),
    ).toEqual([])
  })
})

it('reads os-release with and without quotes', () => {
  const text =
    'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian\n'
  expect(parseOsRelease(text)).toEqual({
    id: 'debian',
    versionId: '12',
    codename: 'bookworm',
    name: 'Debian GNU/Linux 12 (bookworm)',
  })
})
