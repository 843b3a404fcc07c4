/** Builders for this package's tests: ports that answer from memory, and an app around them. */
import { backupsStatus } from '@neuronha/core/contracts/backups.ts'
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { createHealth } from '@neuronha/runtime/health.ts'
import { createHttpHost, type HttpHost } from '@neuronha/runtime/http-host.ts'
import { createSilentLogger } from '@neuronha/runtime/logger.ts'
import { createMetrics } from '@neuronha/runtime/metrics.ts'
import { addMcp } from './app.ts'
import { createAuthenticate } from './authenticate.ts'
import type { Sources } from './sources/sources.ts'

export const TEST_KEY = 'nha_test-key-of-the-first-admin'

const member = (name: string, role: 'primary' | 'standby') => ({
  name,
  host: 'local',
  address: '10.77.0.11',
  role,
  state: role === 'primary' ? 'running' : 'streaming',
  timeline: 3,
  lsn: '0/3000148',
  lag_bytes: role === 'primary' ? null : 0,
  lag_ms: role === 'primary' ? null : 12,
  pending_restart: false,
  version: '17.6',
  connections: 9,
  disk: null,
})

export const aStatus = (changes: Partial<ClusterStatus> = {}): ClusterStatus => ({
  cluster: 'neurondb',
  observed_at: '2026-11-23T12:00:00Z',
  observer: 'neurondb-controller-1',
  health: 'healthy',
  reasons: [],
  synchronous: true,
  synchronous_standby_names: 'ANY 1 (*)',
  commits: { standbys_needed: 1, standbys_connected: 1, waiting: 0 },
  failsafe_active: false,
  patroni_paused: false,
  members: [member('neurondb-member-1', 'primary'), member('neurondb-member-2', 'standby')],
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
  ...changes,
})

export const someSources = (changes: Partial<Sources> = {}): Sources => ({
  clusterStatus: () => Promise.resolve(aStatus()),
  query: () =>
    Promise.resolve({
      columns: ['n'],
      rows: [['1'], ['2'], ['3']],
      truncated: false,
      elapsedMs: 2,
    }),
  searchMessages: () => Promise.resolve({ items: [], next_cursor: null }),
  ...changes,
})

/** The server over HTTP, not listening: for `inject`. */
export const aHost = async (sources: Sources, port = 0): Promise<HttpHost> => {
  const metrics = createMetrics({
    prefix: 'neurondb_mcp_',
    replica: 'test-mcp-1',
    processMetrics: false,
  })
  const logger = createSilentLogger()
  const host = await createHttpHost({
    config: {
      replica: 'test-mcp-1',
      listen: { address: '127.0.0.1', port },
      drainNoticeMs: 0,
      drainFinishMs: 1000,
    },
    logger,
    metrics,
    health: createHealth(),
    openApi: { title: 'NeuronMCP', description: 'test', version: '0' },
  })
  const authenticate = createAuthenticate([{ name: 'first admin key', key: TEST_KEY }])
  addMcp(host.app, { cluster: 'neurondb', sources, authenticate, logger, metrics })
  return host
}
