import { describe, expect, it } from 'vitest'
import { parseClusterFile } from '@neuronha/core/spec/parse-cluster-file.ts'
import { replicaCounts } from '@neuronha/core/topology/containers.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { copyClusterFile, smallestCopyFile } from './copy-cluster-file.ts'

const specOf = (text: string): ClusterSpec => {
  const parsed = parseClusterFile(text)
  return parsed.kind === 'ok' ? parsed.spec : expect.fail(JSON.stringify(parsed.issues))
}

const PLACES = { name: 'demo-friday', subnet: '10.77.9.0/24', portOffset: 200 }

const ORIGINAL = `name: demo
production: true   # since May
notifications:
  webhooks: [{ url: https://hooks.example.org/ha }]
edge: { httpsPort: 9443 }
database:
  members: 3   # one per rack
  pooler: { publishPort: 6432 }
`

describe('the cluster file of a copy', () => {
  it('is the original’s with a name, a network and ports of its own', () => {
    const text = copyClusterFile(ORIGINAL, specOf(ORIGINAL), PLACES)
    const copy = specOf(text)
    expect(copy).toMatchObject({
      name: 'demo-friday',
      network: { subnet: '10.77.9.0/24' },
      edge: { httpPort: 8280, httpsPort: 9643 },
      database: { members: 3, pooler: { publishPort: 6632 } },
    })
    expect(text).toContain('# one per rack')
  })

  it('is no production, tells nobody, rehearses nothing and backs nothing up', () => {
    const copy = specOf(copyClusterFile(ORIGINAL, specOf(ORIGINAL), PLACES))
    expect(copy.production).toBe(false)
    expect(copy.notifications.webhooks).toEqual([])
    expect(copy.drills.schedule).toBe('never')
    expect(copy.backup.repositories).toEqual([])
  })

  it('has one of everything where only its data is of interest, and no file of the original’s', () => {
    const original = `${ORIGINAL}services: { agent: { replicas: 3 } }
edge: { tls: { certificate: edge.crt, key: edge.key } }
`.replace('edge: { httpsPort: 9443 }\n', '')
    const copy = specOf(smallestCopyFile(original, specOf(original), PLACES))
    expect(Object.values(replicaCounts(copy)).filter((count) => count > 1)).toEqual([])
    expect(copy.edge.tls).toBe('auto')
  })

  it('can be made from a file that says nothing but the defaults', () => {
    const copy = specOf(copyClusterFile('', specOf(''), PLACES))
    expect(copy).toMatchObject({ name: 'demo-friday', edge: { httpsPort: 8643 } })
  })
})
