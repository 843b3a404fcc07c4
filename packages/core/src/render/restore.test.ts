import { describe, expect, it } from 'vitest'
import type { RestoreOrder } from '../contracts/restore.ts'
import { renderRestore } from './restore.ts'
import { aSpec, fakeSecrets } from './testing.ts'

const order: RestoreOrder = {
  source: 'shop',
  repository: 'repo1',
  backup: null,
  target: { kind: 'time', time: '2026-11-29T10:00:00.000Z' },
  member: 'copy-member-1',
  resumes: false,
  requestedAt: '2026-11-29T11:00:00.000Z',
  by: 'ana@host-1',
}

const shop = aSpec({ name: 'shop', database: { parameters: { max_connections: 250 } } })
const copy = aSpec({ name: 'copy', network: { subnet: '10.80.0.0/24' } })

const rendered = (target: typeof shop) => {
  const files = renderRestore('config', order, {
    source: { spec: shop, secrets: fakeSecrets(shop) },
    target: { spec: target, secrets: fakeSecrets(target) },
  })
  return (name: string): string => files.get(`config/${name}`)?.text ?? expect.fail(name)
}

describe('the folder of a restore', () => {
  it('names the backups of the old cluster, and the logins of the new one', () => {
    const file = rendered(copy)
    expect(JSON.parse(file('config.json'))).toMatchObject({ stanza: 'shop', target: order.target })
    expect(file('pgbackrest.conf')).toContain('[shop]')
    expect(file('pgbackrest.conf')).toContain('shop-store-1')
    const { roles } = fakeSecrets(copy)
    expect(file('logins.sql')).toContain(roles.replicator.verifier)
    expect(file('logins.sql')).not.toContain(roles.replicator.password)
  })

  it('archives what a cluster that comes back begins with, and nothing of a copy', () => {
    expect(rendered(shop)('postgresql.conf')).toMatch(
      /archive_mode = on\narchive_command = '.*shop/,
    )
    expect(rendered(copy)('postgresql.conf')).toContain('archive_mode = off')
  })

  it('runs with the limits of the cluster that it becomes, safe from crashes', () => {
    const conf = rendered(shop)('postgresql.conf')
    expect(conf).toContain("max_connections = '250'")
    expect(conf).not.toContain('fsync')
    // The last one counts.
    expect(conf.lastIndexOf('hot_standby = off')).toBeGreaterThan(
      conf.lastIndexOf("hot_standby = 'on'"),
    )
  })

  it('lets nobody in but whoever restores it', () => {
    expect(
      rendered(copy)('pg_hba.conf')
        .split('\n')
        .filter((line) => !/^(#|$)/.test(line)),
    ).toEqual(['local all "postgres" trust'])
    expect(rendered(copy)('postgresql.conf')).toContain("listen_addresses = ''")
  })
})
