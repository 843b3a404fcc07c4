import { describe, expect, it } from 'vitest'
import { clusterSpecSchema } from '../spec/cluster-spec.ts'
import { certificateRequests } from './certificates.ts'
import { allContainers } from './containers.ts'

const spec = clusterSpecSchema.parse({
  edge: { hostnames: ['ai.example.org'] },
  database: { databases: [{ name: 'shop', owner: 'shop_owner', readers: ['shop_reader'] }] },
})
const requests = new Map(certificateRequests(spec).map((request) => [request.name, request]))

describe('certificateRequests', () => {
  it('has one for every container, the CLI, the load generator and each user role', () => {
    expect([...requests.keys()]).toEqual([
      ...allContainers(spec).map(({ name }) => name),
      'cli',
      'loadgen-1',
      'user-shop_owner',
      'user-shop_reader',
      'pgbackrest',
    ])
    expect(certificateRequests(spec)).toHaveLength(requests.size)
  })

  it('lets a member answer for the routers, because a router passes TLS through', () => {
    expect(requests.get('neurondb-member-2')).toMatchObject({
      dnsNames: expect.arrayContaining([
        'neurondb-member-2',
        'member',
        'neurondb-router-1',
        'router',
      ]) as unknown,
      addresses: ['10.77.0.22', '127.0.0.1', '10.77.0.41', '10.77.0.42'],
    })
  })

  it('lets nobody but a member answer for a router', () => {
    const others = [...requests.values()].filter(({ name }) => !/-(member|router)-/.test(name))
    for (const { addresses } of others) expect(addresses).not.toContain('10.77.0.41')
  })

  it('gives the edge its public names', () => {
    expect(requests.get('neurondb-edge-1')?.dnsNames).toContain('ai.example.org')
  })
})
