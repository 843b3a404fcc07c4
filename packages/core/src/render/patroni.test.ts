import { parse } from 'yaml'
import { describe, expect, it } from 'vitest'
import type { ClusterFile } from '../spec/cluster-spec.ts'
import { patroniDynamicConfig, renderPatroni } from './patroni.ts'
import { quoteHba, renderPgHba } from './postgres-hba.ts'
import { aSpec, fakeSecrets, textOf } from './testing.ts'
import { toYaml } from './yaml.ts'

interface MemberConfig {
  readonly postgresql: { readonly parameters: Readonly<Record<string, unknown>> }
  readonly restapi: { readonly allowlist: readonly string[]; readonly verify_client: string }
}

const memberConfig = (file: ClusterFile = {}): MemberConfig => {
  const spec = aSpec(file)
  const text = textOf(renderPatroni(spec, fakeSecrets(spec)), `${spec.name}-member-1/patroni.yml`)
  return parse(text) as MemberConfig
}

describe('patroniDynamicConfig', () => {
  it('is strict about quorum commit for zero-loss only', () => {
    expect(patroniDynamicConfig(aSpec())).toMatchObject({
      synchronous_mode: 'quorum',
      synchronous_mode_strict: true,
      synchronous_node_count: 1,
    })
    expect(patroniDynamicConfig(aSpec({ protection: 'available' }))).toMatchObject({
      synchronous_mode: 'quorum',
      synchronous_mode_strict: false,
    })
  })

  it.each([{ members: 1 }, { syncStandbys: 0 }])('is asynchronous with %o', (database) => {
    expect(patroniDynamicConfig(aSpec({ database }))).toMatchObject({
      synchronous_mode: false,
      synchronous_mode_strict: false,
    })
  })

  it('takes the clocks of the profile, unless the file has its own', () => {
    expect(patroniDynamicConfig(aSpec({ profile: 'wide' }))).toMatchObject({
      ttl: 60,
      loop_wait: 10,
    })
    const timing = { ttl: 40, loopWait: 4, retryTimeout: 8 }
    expect(patroniDynamicConfig(aSpec({ timing }))).toMatchObject({
      ttl: 40,
      loop_wait: 4,
      retry_timeout: 8,
    })
  })

  it('carries what all members must agree on, and the member’s file carries the rest', () => {
    const parameters = { max_connections: 300, work_mem: '9MB', jit: false }
    const file = { database: { parameters } }
    expect(patroniDynamicConfig(aSpec(file)).postgresql.parameters).toMatchObject({
      max_connections: 300,
    })
    const local = memberConfig(file).postgresql.parameters
    expect(local).toMatchObject({ work_mem: '9MB', jit: 'off' })
    expect(local).not.toHaveProperty('max_connections')
  })
})

describe('renderPatroni', () => {
  it('lets no parameter of the file win over a forced one, however it is written', () => {
    const parameters = { FSYNC: false, ssl_cert_file: '/tmp/own.crt', Port: 1 }
    const rendered = memberConfig({ database: { parameters } }).postgresql.parameters
    expect(rendered).toMatchObject({ fsync: 'on', ssl_cert_file: '/etc/neuronha/tls/tls.crt' })
    expect(Object.keys(rendered).filter((name) => /^(FSYNC|port)$/i.test(name))).toEqual(['fsync'])
  })

  it('opens the REST API’s unsafe half to the machine, the controllers, the runner of their drills and the members only, and needs no etcd to know them', () => {
    const { restapi } = memberConfig({ controller: { replicas: 1 } })
    expect(restapi.verify_client).toBe('optional')
    const members = [21, 22, 23, 24].map((host) => `10.77.0.${host}/32`)
    const acting = ['10.77.0.191/32', '10.77.0.215/32']
    expect(restapi.allowlist).toEqual(['10.77.0.1/32', ...acting, ...members])
  })

  it('archives for real only when there is a repository, and closes a segment before it is as old as the promised RPO', () => {
    const without = memberConfig({ backup: { repositories: [] } }).postgresql.parameters
    expect(without).toMatchObject({ archive_command: '/bin/true', archive_timeout: 0 })
    expect(memberConfig().postgresql.parameters).toMatchObject({
      archive_command: expect.stringContaining('--stanza=neurondb archive-push %p') as string,
      archive_timeout: '50s',
    })
  })
})

describe('renderPgHba', () => {
  const lines = renderPgHba(aSpec({ database: { databases: [{ name: 'all', owner: 'boss' }] } }))

  it('asks every remote client for TLS, a certificate and a password', () => {
    const remote = lines.filter((line) => !line.startsWith('local '))
    expect(remote.length).toBeGreaterThan(10)
    for (const line of remote) {
      expect(line).toMatch(/^hostssl .* scram-sha-256 clientcert=verify-ca$/)
      expect(line).toMatch(/ 10\.77\.0\.\d+\/32 /)
    }
  })

  it('lets the superuser in by the local socket only', () => {
    expect(
      lines.filter((line) => line.includes('"postgres" peer') || / "postgres" \d/.test(line)),
    ).toEqual(['local all "postgres" peer map=neuronha'])
  })

  it('quotes names, so that a database called all is just a database', () => {
    expect(lines).toContainEqual(expect.stringMatching(/^hostssl "all" "boss" /))
    expect(quoteHba('a"b')).toBe('"a""b"')
  })
})

describe('toYaml', () => {
  it.each(['on', 'no', '1:30', 'a: b # c', "it's", '"quoted"', '%m', 'two\nlines', ''])(
    'brings the string %j back as it was',
    (value) => expect(parse(toYaml({ value }), { version: '1.1' })).toEqual({ value }),
  )

  it('sorts keys', () =>
    expect(toYaml({ b: 1, a: { d: 1, c: 2 } })).toBe('a:\n  c: 2\n  d: 1\nb: 1\n'))
})

describe('what of a member’s configuration needs a restart', () => {
  const startPartOf = (file: ClusterFile): string | undefined => {
    const spec = aSpec(file)
    return renderPatroni(spec, fakeSecrets(spec)).get('neurondb-member-1/patroni.yml')?.startPart
  }
  const unchanged = startPartOf({})

  it.each<[string, ClusterFile]>([
    ['another member or controller that may connect', { database: { members: 5 } }],
    ['a setting that PostgreSQL reloads', { database: { parameters: { work_mem: '5MB' } } }],
    ['what Patroni keeps in etcd', { profile: 'balanced' }],
  ])('is not %s', (_what, file) => {
    expect(startPartOf(file)).toBe(unchanged)
  })

  it.each<[string, ClusterFile]>([
    ['the size of shared memory', { database: { parameters: { shared_buffers: '99MB' } } }],
    ['the number of connections', { database: { parameters: { max_connections: 999 } } }],
    ['a setting of an extension', { database: { parameters: { 'vector.some_setting': 1 } } }],
  ])('is %s', (_what, file) => {
    expect(startPartOf(file)).not.toBe(unchanged)
  })
})
