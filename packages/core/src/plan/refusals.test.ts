import { describe, expect, it } from 'vitest'
import { clusterSpecSchema, type ClusterFile } from '../spec/cluster-spec.ts'
import { refusalsOf } from './refusals.ts'

const spec = (file: ClusterFile) => clusterSpecSchema.parse(file)
const paths = (applied: ClusterFile, wanted: ClusterFile) =>
  refusalsOf({ applied: spec(applied), wanted: spec(wanted) }).map(({ path }) => path)

describe('refusalsOf', () => {
  it('allows everything for a new cluster', () => {
    expect(refusalsOf({ applied: undefined, wanted: spec({}) })).toEqual([])
  })

  it('refuses another number of etcd members', () => {
    expect(paths({}, { etcd: { members: 5 } })).toEqual(['etcd.members'])
  })

  it('refuses fewer members than hold the quorum', () => {
    const applied = { database: { members: 5, syncStandbys: 2 } }
    const wanted = { database: { members: 2, syncStandbys: 1 } }
    expect(paths(applied, wanted)).toEqual(['database.members'])
  })

  it('allows fewer members, whoever the primary is: another one takes over first', () => {
    expect(paths({}, { database: { members: 3 } })).toEqual([])
  })

  it('refuses a network that would move under a running cluster', () => {
    expect(paths({}, { network: { subnet: '10.70.0.0/24' } })).toEqual(['network.subnet'])
  })
})
