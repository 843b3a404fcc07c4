import { describe, expect, it } from 'vitest'
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { addressesOf } from '@neuronha/core/topology/containers.ts'
import { cluster, fetchHttps, inContainer, statusOf, untilHealthy } from './cluster.ts'

interface PatronictlRow {
  readonly Member: string
  readonly Role: string
  readonly State: string
  readonly TL: number
}

const ROLES: Readonly<Record<string, string>> = {
  Leader: 'primary',
  'Quorum Standby': 'sync standby',
  'Sync Standby': 'sync standby',
  Replica: 'standby',
}

async function patronictlList(): Promise<readonly string[]> {
  const { spec } = cluster()
  const text = await inContainer(`${spec.name}-member-1`, [
    'patronictl',
    '-c',
    '/etc/neuronha/patroni.yml',
    'list',
    '-f',
    'json',
  ])
  const rows = JSON.parse(text) as PatronictlRow[]
  return rows
    .map(({ Member, Role, State, TL }) => `${Member} ${ROLES[Role] ?? Role} ${State} ${TL}`)
    .sort()
}

const rowsOf = ({ members }: ClusterStatus): readonly string[] =>
  members
    .map(({ name, role, state, timeline }) => `${name} ${role} ${state} ${timeline ?? ''}`)
    .sort()

async function signIn(): Promise<string> {
  const { fetchEdge, secrets } = cluster()
  const response = await fetchEdge('/api/v1/auth/sign-in', {
    method: 'POST',
    key: null,
    body: secrets.consoleAdmin,
  })
  expect(response.status, response.text).toBe(200)
  return (response.headers['set-cookie'] ?? []).map((cookie) => cookie.split(';')[0]).join('; ')
}

describe('the topology', () => {
  it('is the same in patronictl, in status and in the API that the console draws', async () => {
    await untilHealthy()
    const expected = await patronictlList()
    expect(expected).toHaveLength(cluster().spec.database.members)
    expect(rowsOf(await statusOf())).toEqual(expected)
    const response = await cluster().fetchEdge('/api/v1/cluster', {
      key: null,
      headers: { cookie: await signIn() },
    })
    expect(response.status, response.text).toBe(200)
    expect(rowsOf(response.json() as ClusterStatus)).toEqual(expected)
  })

  it('shows every container of the cluster file', async () => {
    const status = await untilHealthy()
    const { spec } = cluster()
    expect(status.etcd).toHaveLength(spec.etcd.members)
    expect(status.routers).toHaveLength(spec.database.router.replicas)
    expect(status.poolers).toHaveLength(spec.database.pooler.replicas)
    expect(status.controllers.filter(({ active }) => active)).toHaveLength(1)
    expect(status.services).toHaveLength(10)
    expect(status.etcd.filter(({ leader }) => leader)).toHaveLength(1)
  })

  it('needs a session', async () => {
    const response = await cluster().fetchEdge('/api/v1/cluster', { key: null })
    expect(response.status).toBe(401)
  })
})

describe('metrics', () => {
  it('reach Prometheus from every part', async () => {
    const { spec, ca, secrets } = cluster()
    const address = addressesOf(spec, 'prometheus')[0] ?? ''
    const { certificate = '', key = '' } = secrets.certificates['cli'] ?? {}
    const response = await fetchHttps(
      `https://${address}:9090/api/v1/query?query=up`,
      {},
      { ca, cert: certificate, key, servername: 'prometheus' },
    )
    const { data } = response.json() as {
      data: { result: { metric: Record<string, string>; value: [number, string] }[] }
    }
    const down = data.result
      .filter(({ value }) => value[1] !== '1')
      .map(({ metric }) => metric['instance'] ?? metric)
    expect(down).toEqual([])
    expect(data.result.length).toBeGreaterThanOrEqual(19)
  })
})
