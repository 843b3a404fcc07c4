import { describe, expect, it } from 'vitest'
import { paths, safeReturnTo } from './paths.ts'

describe('links', () => {
  it('carry their state in the URL', () => {
    expect(paths.cluster('neurondb-member-2')).toMatchObject({
      to: '/cluster',
      search: { part: 'neurondb-member-2' },
    })
    expect(paths.events({ kind: 'failover' })).toMatchObject({ search: { kind: 'failover' } })
    expect(paths.session('a', 's').params).toEqual({ agentId: 'a', sessionId: 's' })
  })

  it('never lead to another site after signing in', () => {
    expect(safeReturnTo('/agents/new?x=1')).toBe('/agents/new?x=1')
    for (const evil of ['//evil.example', '/\\evil.example', 'https://evil.example', 'agents', ''])
      expect(safeReturnTo(evil)).toBe('/cluster')
    expect(safeReturnTo(undefined)).toBe('/cluster')
  })
})
