import { describe, expect, it } from 'vitest'
import { formatClusterFileIssue, parseClusterFile } from './parse-cluster-file.ts'

const issuesOf = (text: string): readonly string[] => {
  const parsed = parseClusterFile(text)
  return parsed.kind === 'invalid' ? parsed.issues.map(formatClusterFileIssue) : []
}

describe('parseClusterFile', () => {
  it('takes an empty file as the whole default system', () => {
    const parsed = parseClusterFile('')
    expect(parsed.kind === 'ok' && parsed.spec.database.members).toBe(4)
    expect(parsed.kind === 'ok' && parsed.spec.services.agent.replicas).toBe(3)
  })

  it('names every problem at once, with its line, what it got and how to mend it', () => {
    const issues = issuesOf(
      [
        'name: Foo',
        'edge:',
        '  kind: traefik',
        '  httpPort: 99999',
        'databse:',
        '  members: 3',
        '',
      ].join('\n'),
    )
    expect(issues).toHaveLength(4)
    expect(issues[0]).toMatch(/^line 1: name: must be 1 to 31 of .*\(got "Foo"\) — /)
    expect(issues[1]).toBe(
      'line 3: edge.kind: is not one of the choices (got "traefik") — use nginx or haproxy',
    )
    expect(issues[2]).toMatch(
      /^line 4: edge\.httpPort: is too large \(got 99999\) — use 65535 or less/,
    )
    expect(issues[3]).toMatch(/databse: is not a setting .* — did you mean database\?$/)
  })

  it('suggests the nearest setting inside nested objects and lists', () => {
    const [issue] = issuesOf('database:\n  databases:\n    - {name: shop, ownr: a, owner: b}\n')
    expect(issue).toMatch(
      /^line 3: database\.databases\.0\.ownr: is not a setting .*did you mean owner\?$/,
    )
  })

  it('says where a file that is not YAML breaks', () => {
    expect(issuesOf('name: a\nedge: [')[0]).toMatch(/^line 2: the file: is not YAML/)
  })

  it('refuses a list where the settings should be', () => {
    expect(issuesOf('- 1')).toHaveLength(1)
  })

  it('checks the rules across fields only on a file that fits the schema', () => {
    expect(issuesOf('etcd: {members: 2}')[0]).toMatch(/^line 1: etcd\.members: an even number/)
  })
})
