import { describe, expect, it } from 'vitest'
import { renderDatabaseSetup } from './database-setup.ts'
import { quoteIdentifier, quoteLiteral, unlessExists } from './sql.ts'
import { aSpec, fakeSecrets } from './testing.ts'

const spec = aSpec({
  database: { databases: [{ name: 'shop', owner: 'shop_owner', readers: ['shop_reader'] }] },
})
const scripts = renderDatabaseSetup(spec, fakeSecrets(spec))
const all = scripts.map(({ sql }) => sql).join('\n')
const platform = scripts.find(({ database }) => database === 'neurondb')?.sql ?? ''

describe('renderDatabaseSetup', () => {
  it('makes roles and databases first, then fills each database', () => {
    expect(scripts.map(({ database }) => database)).toEqual(['postgres', 'neurondb', 'shop'])
  })

  it('carries verifiers, never a password', () => {
    expect(all).not.toContain('fake-password')
    expect(all.match(/PASSWORD 'SCRAM-SHA-256\$/g)).toHaveLength(10)
  })

  it('gives the role for user-typed SQL nothing but the public schema', () => {
    const grants = platform.split('\n').filter((line) => /GRANT .*"neurondb_sql"/.test(line))
    expect(grants.length).toBeGreaterThan(0)
    for (const line of grants) expect(line).toMatch(/(ON SCHEMA|IN SCHEMA) "?public"? /)
    expect(grants.join('\n')).not.toMatch(/INSERT|UPDATE|DELETE|CREATE|TEMP/)
  })

  it('lets each service write its own schema only', () => {
    const writes = [...platform.matchAll(/GRANT SELECT, INSERT.* IN SCHEMA ("\w+") TO ("\w+");/g)]
    expect(writes).toHaveLength(3)
    for (const [, schema, role] of writes) expect(role).toBe(schema)
  })

  it('lets nobody write the audit log but the controller, through a function that only adds', () => {
    const grants = platform.split('\n').filter((line) => /^GRANT .*(events)/.test(line))
    expect(grants).toEqual([
      'GRANT SELECT ON TABLE neuronha.events TO "neuronha_controller", "neurondb_reader";',
      'GRANT EXECUTE ON FUNCTION neuronha.archive_events(jsonb) TO "neuronha_controller";',
      'GRANT EXECUTE ON FUNCTION neuronha.forget_old_events() TO "neuronha_controller";',
    ])
    expect(platform).not.toMatch(/ON ALL TABLES IN SCHEMA "?neuronha"? /)
  })

  it('starts no role’s session without time limits', () => {
    for (const role of ['agent', 'desktop', 'drill', 'sql', 'reader', 'owner']) {
      expect(all).toContain(`ALTER ROLE "neurondb_${role}" SET statement_timeout = `)
    }
  })
})

describe('quoting of SQL', () => {
  it('survives quotes and backslashes', () => {
    expect(quoteLiteral("it's")).toBe("'it''s'")
    expect(quoteLiteral('a\\b')).toBe("E'a\\\\b'")
    expect(quoteIdentifier('a"b')).toBe('"a""b"')
  })

  it('makes a statement conditional for psql', () => {
    expect(unlessExists(`CREATE ROLE "o'x"`, 'SELECT 1')).toBe(
      `SELECT 'CREATE ROLE "o''x"' WHERE NOT EXISTS (SELECT 1) \\gexec`,
    )
  })
})
