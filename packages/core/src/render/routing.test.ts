import { describe, expect, it } from 'vitest'
import type { ClusterFile } from '../spec/cluster-spec.ts'
import { prefixEnd } from './etcd-auth.ts'
import { quoteHaproxy, renderHaproxyRouter, renderServerState } from './haproxy-router.ts'
import { quoteConnectionValue, quoteUserlist, renderPgbouncer } from './pgbouncer.ts'
import { renderServices } from './services.ts'
import { aSpec, fakeSecrets, textOf } from './testing.ts'

const routerText = (file: ClusterFile = {}): string => {
  const spec = aSpec(file)
  return textOf(renderHaproxyRouter(spec, fakeSecrets(spec)), 'neurondb-router-1/haproxy.cfg')
}

const poolerText = (name: string, file: ClusterFile = {}, ordinal = 1): string => {
  const spec = aSpec(file)
  return textOf(renderPgbouncer(spec, fakeSecrets(spec)), `neurondb-pooler-${ordinal}/${name}`)
}

const sectionOf = (text: string, title: string): string =>
  text.split(/^(?=\S)/m).find((part) => part.startsWith(`${title}\n`)) ?? ''

describe('renderHaproxyRouter', () => {
  it('sends writes only where the lock and the database both say primary', () => {
    const write = sectionOf(routerText(), 'listen write')
    expect(write).toContain('uri /primary ')
    expect(write).toContain('http-check expect status 200')
    expect(write).toContain(`http-check expect string '"role": "primary"'`)
  })

  it('keeps reads off standbys beyond the lag limit', () => {
    const file = { database: { router: { maxReadLag: { bytes: '4MB' } } } }
    expect(sectionOf(routerText(file), 'listen read')).toContain(`'/replica?lag=4194304'`)
  })

  it('falls back to the primary for reads, as a backup', () => {
    const backups = sectionOf(routerText(), 'listen read').match(/ track write\/\S+ .* backup$/gm)
    expect(backups).toHaveLength(4)
  })

  it('checks each member once for each question and lets everything else track', () => {
    expect(routerText().match(/ check port /g)).toHaveLength(2 * 4)
    expect(sectionOf(routerText(), 'listen read-any')).not.toContain(' check ')
  })

  it('starts every checked server as down', () => {
    const checked = [...routerText().matchAll(/^ {2}server (\S+) .* check port /gm)].map(
      ([, name]) => name,
    )
    const state = renderServerState(aSpec())
      .split('\n')
      .slice(2, -1)
      .map((line) => line.split(' '))
    expect(state.map((fields) => fields[3])).toEqual(checked)
    expect(state.every((fields) => fields[5] === '0' && fields.length === 25)).toBe(true)
  })

  it('quotes for HAProxy', () => {
    expect(quoteHaproxy('a "b" #c %d')).toBe(`'a "b" #c %d'`)
    expect(quoteHaproxy("it's")).toBe(`'it'\\''s'`)
  })
})

describe('renderPgbouncer', () => {
  it('lets the role for user-typed SQL into the session database only, and nobody else', () => {
    const lines = poolerText('pgbouncer_hba.conf')
      .split('\n')
      .filter((line) => line.includes('neurondb_sql'))
    expect(lines).toEqual(['hostssl "neurondb_sql" "neurondb_sql" 10.77.0.0/24 scram-sha-256'])
  })

  it('accepts nobody without TLS', () => {
    const lines = poolerText('pgbouncer_hba.conf')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
    expect(lines.length).toBeGreaterThan(8)
    for (const line of lines) expect(line).toMatch(/^hostssl .* scram-sha-256$/)
  })

  it('opens a user’s databases to the outside only when the port is published', () => {
    const databases = [{ name: 'shop', owner: 'shop_owner' }]
    const hba = (publishPort: number | null) =>
      poolerText('pgbouncer_hba.conf', { database: { databases, pooler: { publishPort } } })
    expect(hba(null)).not.toContain('0.0.0.0/0')
    expect(
      hba(6432)
        .match(/"(\S+)" 0\.0\.0\.0\/0/g)
        ?.sort(),
    ).toEqual(['"neurondb_reader" 0.0.0.0/0', '"shop_owner" 0.0.0.0/0', '"shop_owner" 0.0.0.0/0'])
  })

  it('prefers another router in each pooler', () => {
    expect(poolerText('pgbouncer.ini', {}, 1)).toContain(`host='10.77.0.41,10.77.0.42'`)
    expect(poolerText('pgbouncer.ini', {}, 2)).toContain(`host='10.77.0.42,10.77.0.41'`)
  })

  it('gives up on a dead router within the profile’s seconds, not after the default fifteen', () => {
    expect(poolerText('pgbouncer.ini')).toMatch(/^server_connect_timeout = 5$/m)
    expect(poolerText('pgbouncer.ini')).toMatch(/^server_login_retry = 0.2$/m)
  })

  it('holds verifiers of those roles only that use a pooler, and no password', () => {
    const userlist = poolerText('userlist.txt')
    expect(userlist).toContain('"neurondb_agent" "SCRAM-SHA-256$4096:')
    expect(userlist).not.toContain('fake-password')
    expect(userlist).not.toMatch(/owner|replicator|rewind|controller|superuser/)
  })

  it('quotes', () => {
    expect(quoteUserlist('a"b')).toBe('"a""b"')
    expect(quoteConnectionValue("a'b c")).toBe("'a''b c'")
  })
})

describe('prefixEnd', () => {
  it('is the first key after all keys with the prefix', () => {
    expect(prefixEnd('/service/neurondb/')).toBe('/service/neurondb0')
  })
})

describe('renderServices', () => {
  it('sends SQL that users type to the session pool, as a role that only reads, and nothing else there', () => {
    const spec = aSpec()
    const files = renderServices(spec, fakeSecrets(spec))
    const mcp: unknown = JSON.parse(textOf(files, 'neurondb-mcp-1/config.json'))
    expect(mcp).toMatchObject({ session: { user: 'neurondb_sql', database: 'neurondb_sql' } })
    for (const service of ['agent-1', 'desktop-api-1'])
      expect(textOf(files, `neurondb-${service}/config.json`)).not.toContain('neurondb_sql')
  })
})
