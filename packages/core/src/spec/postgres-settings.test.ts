import { describe, expect, it } from 'vitest'
import { clusterSpecSchema, type ClusterFile } from './cluster-spec.ts'
import {
  FORCED_POSTGRES_PARAMETERS,
  maxConnectionsOf,
  neededConnections,
  poolSizeOf,
  postgresMemory,
  postgresParameters,
} from './postgres-settings.ts'

const aSpec = (database: ClusterFile['database'] = {}) => clusterSpecSchema.parse({ database })
const withMemory = (memory: string) => aSpec({ resources: { memory } })

describe('postgresMemory', () => {
  it('follows the container’s limit', () => {
    expect(postgresMemory(withMemory('8GB'))).toMatchObject({
      shared_buffers: '2048MB',
      effective_cache_size: '6144MB',
      maintenance_work_mem: '512MB',
    })
  })

  it('stays within bounds at both ends', () => {
    expect(postgresMemory(withMemory('128MB'))).toMatchObject({
      shared_buffers: '64MB',
      work_mem: '4MB',
    })
    expect(postgresMemory(withMemory('1TB'))).toMatchObject({
      shared_buffers: '32768MB',
      maintenance_work_mem: '2048MB',
      work_mem: '64MB',
    })
  })
})

describe('poolSizeOf', () => {
  it('keeps a member’s processors busy, unless the cluster file says how many', () => {
    expect(poolSizeOf(aSpec({ resources: { cpus: 1 } }))).toBe(8)
    expect(poolSizeOf(aSpec({ resources: { cpus: 6 } }))).toBe(24)
    expect(poolSizeOf(aSpec({ resources: { cpus: 6 }, pooler: { defaultPoolSize: 9 } }))).toBe(9)
  })

  it('never exceeds what a pooler may open to one database', () => {
    expect(poolSizeOf(aSpec({ resources: { cpus: 32 }, pooler: { maxDbConnections: 40 } }))).toBe(
      40,
    )
  })
})

describe('maxConnectionsOf', () => {
  it('holds every pooler’s connections at once, reads included, and the reserve', () => {
    const spec = aSpec({ pooler: { replicas: 3, maxDbConnections: 50, sessionPoolSize: 7 } })
    expect(neededConnections(spec)).toBe(3 * (2 * 50 + 7) + 20)
    expect(maxConnectionsOf(spec)).toBe(neededConnections(spec))
  })

  it('is what the file says when it says so', () => {
    expect(maxConnectionsOf(aSpec({ parameters: { max_connections: '250' } }))).toBe(250)
  })
})

describe('postgresParameters', () => {
  it('lets the file change a default', () => {
    expect(postgresParameters(aSpec({ parameters: { work_mem: '9MB' } })).local['work_mem']).toBe(
      '9MB',
    )
  })

  it('gives each parameter to exactly one of the two places', () => {
    const { clusterWide, local } = postgresParameters(aSpec())
    expect(Object.keys(clusterWide)).toContain('wal_log_hints')
    expect(Object.keys(clusterWide).filter((name) => name in local)).toEqual([])
  })

  it('has a reason for every forced name', () => {
    for (const [name, reason] of Object.entries(FORCED_POSTGRES_PARAMETERS)) {
      expect(name).toMatch(/^[a-z_]+$/)
      expect(reason).toMatch(/\w+ \w+/)
    }
    expect(Object.keys(FORCED_POSTGRES_PARAMETERS)).toEqual(
      expect.arrayContaining(['archive_mode', 'fsync', 'ssl', 'tcp_user_timeout', 'wal_log_hints']),
    )
  })
})
