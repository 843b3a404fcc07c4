import { describe, expect, it } from 'vitest'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { DEFAULT_MIRROR } from './apt-sources.ts'
import {
  diagnose,
  diagnoseBackups,
  diagnoseKeptData,
  formatFindings,
  isAtLeast,
  type DiagnoseOptions,
  type Finding,
} from './doctor.ts'
import type { Machine } from './observe-machine.ts'

const GIB = 1024 ** 3

function aMachine(overrides: Partial<Machine> = {}): Machine {
  return {
    os: { id: 'debian', versionId: '12', codename: 'bookworm', name: 'Debian 12' },
    arch: 'x64',
    isRoot: true,
    hasSystemd: true,
    programs: {
      docker: '/usr/bin/docker',
      dockerd: '/usr/sbin/dockerd',
      iptables: '/usr/sbin/iptables',
    },
    daemon: {
      kind: 'running',
      version: '20.10.24+dfsg1',
      dataFolder: '/var/lib/docker',
      cgroupVersion: '2',
    },
    engineSocket: { path: '/var/run/docker.sock', gid: 105, isOpenToGroup: true },
    composeVersion: '2.26.1-4',
    engineFolder: '/var/lib/docker',
    engineFolderFreeBytes: 50 * GIB,
    memoryBytes: 16 * GIB,
    cpus: 2,
    mirror: DEFAULT_MIRROR,
    clockMs: 2e12,
    fileTimeMs: 1e12,
    ...overrides,
  }
}

function statusOf(
  id: Finding['id'],
  machine: Machine,
  options: DiagnoseOptions = {},
): string | undefined {
  return diagnose(machine, options).find((finding) => finding.id === id)?.status
}

const unreachable = (why: 'not-running' | 'no-permission' | 'no-answer') =>
  ({ kind: 'unreachable', why, message: 'm' }) as const

describe('diagnose', () => {
  it('finds nothing wrong with a machine that has all of it', () => {
    expect(diagnose(aMachine()).filter(({ status }) => status !== 'ok')).toEqual([])
  })

  it('warns of what `up` installs, and makes it a problem when it may not', () => {
    const bare = aMachine({
      programs: {},
      daemon: unreachable('not-running'),
      composeVersion: undefined,
    })
    for (const id of ['engine', 'client', 'compose', 'iptables'] as const) {
      expect(statusOf(id, bare)).toBe('warning')
      expect(statusOf(id, bare, { mayInstall: false })).toBe('problem')
    }
  })

  it('tells a stopped engine from a forbidden and from a hanging one', () => {
    expect(
      statusOf('engine', aMachine({ daemon: unreachable('not-running') }), { mayInstall: false }),
    ).toBe('warning')
    expect(statusOf('engine', aMachine({ daemon: unreachable('no-permission') }))).toBe('problem')
    expect(statusOf('engine', aMachine({ daemon: unreachable('no-answer') }))).toBe('problem')
  })

  it('wants the engine’s socket open to a group, better not to root’s', () => {
    const withSocket = (gid: number, isOpenToGroup: boolean): Machine =>
      aMachine({ engineSocket: { path: '/var/run/docker.sock', gid, isOpenToGroup } })
    expect(statusOf('socket', withSocket(105, true))).toBe('ok')
    expect(statusOf('socket', withSocket(0, true))).toBe('warning')
    expect(statusOf('socket', withSocket(105, false))).toBe('problem')
  })

  it('needs 6 GiB of disk and is glad of 15', () => {
    expect(statusOf('disk', aMachine({ engineFolderFreeBytes: 5.9 * GIB }))).toBe('problem')
    expect(statusOf('disk', aMachine({ engineFolderFreeBytes: 8 * GIB }))).toBe('warning')
  })

  it("measures memory against the cluster's own limits", () => {
    expect(statusOf('memory', aMachine({ memoryBytes: 2 * GIB }))).toBe('problem')
    expect(statusOf('memory', aMachine({ memoryBytes: 5 * GIB }))).toBe('warning')
    expect(statusOf('memory', aMachine(), { clusterMemoryBytes: 15 * GIB })).toBe('warning')
  })

  it.each([
    ['root', { isRoot: false }],
    ['system', { arch: 'arm64' }],
    ['clock', { clockMs: 0 }],
    ['compose', { composeVersion: '2.3.3' }],
  ] as const)('refuses a wrong %s', (id, overrides) => {
    expect(statusOf(id, aMachine(overrides))).toBe('problem')
  })

  it('says how to mend everything that is not well', () => {
    const poor = aMachine({
      arch: 'arm64',
      isRoot: false,
      programs: {},
      memoryBytes: GIB,
      cpus: 1,
      engineFolderFreeBytes: 0,
    })
    for (const finding of diagnose(poor))
      expect(finding.fix !== undefined).toBe(finding.status !== 'ok')
  })
})

describe('backups', () => {
  const S3 = { kind: 's3', bucket: 'b', endpoint: 'https://s3.example', region: 'r' }
  const ofRepositories = (repositories: readonly object[]) =>
    diagnoseBackups(
      { name: 'demo', backup: { repositories } as unknown as ClusterSpec['backup'] },
      undefined,
    )

  it('that would be lost with this machine are a warning: none, or only in the trial store', () => {
    expect(ofRepositories([]).what).toMatch(/has no backups/)
    expect(ofRepositories([{ kind: 'trial' }]).what).toMatch(/on this machine only/)
  })

  it('elsewhere need a copy of their key elsewhere, and a compared one is enough', () => {
    expect(ofRepositories([S3, { kind: 'trial' }])).toMatchObject({
      status: 'warning',
      what: expect.stringContaining(
        'the key of the backups of demo is on this machine only',
      ) as string,
    })
    const backup = { repositories: [S3] } as unknown as ClusterSpec['backup']
    const copy = { at: '2026-11-28T10:00:00.000Z', by: 'ana@host-1' }
    expect(diagnoseBackups({ name: 'demo', backup }, copy)).toMatchObject({
      status: 'ok',
      what: 'a copy of the key of the backups was compared on 2026-11-28',
    })
  })
})

it('prints a finding with its remedy below it', () => {
  expect(formatFindings([{ id: 'root', status: 'problem', what: 'not root', fix: 'sudo' }])).toBe(
    '✗ not root\n    sudo',
  )
})

it('compares versions by number, not by text', () => {
  expect(isAtLeast('20.10.24+dfsg1', '20.10')).toBe(true)
  expect(isAtLeast('28.2.2', '20.10')).toBe(true)
  expect(isAtLeast('2.3', '2.20')).toBe(false)
})

describe('the data of before a restore in place', () => {
  it('is a warning while it is kept, and a problem while it is on its way', () => {
    const since = '2026-11-28T10:00:00.000Z'
    expect(diagnoseKeptData({ since, phase: 'kept' })).toMatchObject({
      status: 'warning',
      fix: expect.stringContaining('--drop-old') as string,
    })
    expect(diagnoseKeptData({ since, phase: 'setting-aside' }).status).toBe('problem')
  })
})
