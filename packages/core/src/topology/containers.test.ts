import { describe, expect, it } from 'vitest'
import { aSpec } from '../render/testing.ts'
import type { ClusterFile } from '../spec/cluster-spec.ts'
import {
  actingContainers,
  allContainers,
  containersOf,
  isResting,
  servingContainers,
  type Container,
} from './containers.ts'

const namesOf = (containers: readonly Container[]): readonly string[] =>
  containers.map(({ name }) => name)
const runnersOf = (file: ClusterFile): readonly string[] =>
  namesOf(containersOf(aSpec(file), 'drill'))

describe('the runner of drills', () => {
  it('is one container, with an address of its own and the file’s limits', () => {
    const spec = aSpec({ drills: { resources: { cpus: 2, memory: '1GB' } } })
    expect(containersOf(spec, 'drill')).toMatchObject([
      { name: 'neurondb-drill-1', address: '10.77.0.215', resources: { cpus: 2, memory: '1GB' } },
    ])
    const addresses = allContainers(spec).map(({ address }) => address)
    expect(new Set(addresses).size).toBe(addresses.length)
  })

  it('is not there where no drill runs by itself', () => {
    expect(runnersOf({ drills: { schedule: 'never' } })).toEqual([])
    expect(runnersOf({ database: { members: 1, syncStandbys: 0 } })).toEqual([])
    expect(runnersOf({ name: 'shop', production: true })).toEqual([])
    expect(runnersOf({ name: 'shop', production: true, drills: { confirm: 'shop' } })).toEqual([
      'shop-drill-1',
    ])
  })

  it('rests, as only those of backups and restore tests do: it belongs to the cluster and is not waited for', () => {
    const spec = aSpec()
    const resting = allContainers(spec).filter(({ component }) => isResting(component))
    expect(namesOf(resting)).toEqual([
      'neurondb-drill-1',
      'neurondb-backup-1',
      'neurondb-restore-test-1',
    ])
    const serving = namesOf(servingContainers(spec))
    expect(serving).not.toContain('neurondb-drill-1')
    expect(serving).toHaveLength(allContainers(spec).length - 3)
  })

  it('may change who is the primary, as controllers may and nobody else', () => {
    expect(namesOf(actingContainers(aSpec({ controller: { replicas: 2 } })))).toEqual([
      'neurondb-controller-1',
      'neurondb-controller-2',
      'neurondb-drill-1',
    ])
    expect(namesOf(actingContainers(aSpec({ drills: { schedule: 'never' } })))).toEqual([
      'neurondb-controller-1',
      'neurondb-controller-2',
    ])
  })
})
