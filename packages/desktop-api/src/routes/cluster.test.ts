import { backupsStatus } from '@neuronha/core/contracts/backups.ts'
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import type { UpstreamClient } from '@neuronha/runtime/upstream-client.ts'
import { describe, expect, it } from 'vitest'
import { createClusterSource, createEventsSource } from '../cluster/cluster-source.ts'
import { aReplica, signInAt, withAdmin } from '../testing.ts'

const STATUS: ClusterStatus = {
  cluster: 'neurondb',
  observed_at: '2026-11-23T12:00:00Z',
  observer: 'neurondb-controller-1',
  health: 'healthy',
  reasons: [],
  synchronous: true,
  synchronous_standby_names: null,
  commits: null,
  failsafe_active: false,
  patroni_paused: false,
  members: [],
  etcd: [],
  routers: [],
  poolers: [],
  edges: [],
  services: [],
  controllers: [],
  engine_proxies: [],
  prometheus: [],
  alertmanagers: [],
  backups: backupsStatus.parse({ configured: false }),
  last_drill: null,
  maintenance: null,
}

const getCluster = async (json: UpstreamClient['json']) => {
  const loadStatus = createClusterSource({ json }, { now: () => 0 })
  const replica = await aReplica({ tables: withAdmin(), loadStatus })
  const { cookie } = await signInAt(replica)
  return replica.host.app.inject({ url: '/api/v1/cluster', headers: { cookie } })
}

describe('GET /api/v1/cluster', () => {
  it('gives the controller’s view, never from a cache', async () => {
    const response = await getCluster(() => Promise.resolve(STATUS))
    expect(response.statusCode).toBe(200)
    expect(response.headers['cache-control']).toBe('no-store')
    expect(response.json()).toEqual(STATUS)
  })

  it('is for whoever is signed in', async () => {
    const replica = await aReplica({
      tables: withAdmin(),
      loadStatus: () => Promise.resolve(STATUS),
    })
    expect((await replica.host.app.inject({ url: '/api/v1/cluster' })).statusCode).toBe(401)
  })

  it.each([
    ['UPSTREAM_FAILED', 'UPSTREAM_FAILED'],
    ['NOT_FOUND', 'UPSTREAM_FAILED'],
    ['UPSTREAM_TIMEOUT', 'UPSTREAM_TIMEOUT'],
  ] as const)('turns %s of a dead controller into the problem %s', async (thrown, code) => {
    const response = await getCluster(() => Promise.reject(new PlatformError(thrown, 'away')))
    expect(response.json()).toMatchObject({ code })
  })

  it('does not pass on what is not the contract', async () => {
    const response = await getCluster(() => Promise.resolve({ ...STATUS, health: 'splendid' }))
    expect(response.statusCode).toBe(502)
  })
})

const EVENT = {
  id: '0mhw3f2k10000abcd',
  at: '2026-11-23T12:00:00.000Z',
  source: 'neurondb-controller-1',
  actor: 'controller',
  kind: 'cluster.health',
  severity: 'warning',
  summary: 'neurondb is degraded',
  target: null,
  evidence: { reasons: ['one', 'two'] },
} as const
const PAGE = { items: [EVENT], has_older: false, incomplete: [] }

const getEvents = async (json: UpstreamClient['json'], search: string, signedIn = true) => {
  const loadEvents = createEventsSource({ json }, { now: () => 0 })
  const replica = await aReplica({ tables: withAdmin(), loadEvents })
  const headers = signedIn ? { cookie: (await signInAt(replica)).cookie } : {}
  return replica.host.app.inject({ url: `/api/v1/events${search}`, headers })
}

describe('GET /api/v1/events', () => {
  it('passes the question on to a controller, and its answer back', async () => {
    const asked: unknown[] = []
    const response = await getEvents((request) => {
      asked.push(request)
      return Promise.resolve(PAGE)
    }, '?kind=cluster&limit=7')
    expect(response.json()).toEqual(PAGE)
    expect(asked).toMatchObject([{ path: '/v1/events', query: { kind: 'cluster', limit: 7 } }])
  })

  it('is for whoever is signed in', async () => {
    const response = await getEvents(() => Promise.resolve(PAGE), '', false)
    expect(response.statusCode).toBe(401)
  })

  it.each(['?since=yesterday', '?limit=100000', '?kind=%27', '?colour=red'])(
    'refuses %s',
    async (search) => {
      expect((await getEvents(() => Promise.resolve(PAGE), search)).statusCode).toBe(400)
    },
  )
})
