/** Builders for the tests of this folder. */
import { backupsStatus } from '@neuronha/core/contracts/backups.ts'
import type { ClusterStatus, MemberStatus } from '@neuronha/core/contracts/cluster-status.ts'

export const aMember = (name: string, change: Partial<MemberStatus> = {}): MemberStatus => ({
  name,
  host: 'local',
  address: '10.77.0.21',
  role: 'standby',
  state: 'streaming',
  timeline: 4,
  lsn: '1/5A000000',
  lag_bytes: 0,
  lag_ms: 0,
  pending_restart: false,
  version: '17.12',
  connections: 6,
  disk: null,
  ...change,
})

const well = (name: string) => ({ name, healthy: true, detail: '' })

/** Three members, `primary` among them, and one or two of everything else. */
export const aStatus = (
  primary: 'm-1' | 'm-2' | null = 'm-1',
  change: Partial<ClusterStatus> = {},
): ClusterStatus => {
  const members = ['m-1', 'm-2', 'm-3'].map((name) =>
    aMember(name, name === primary ? { role: 'primary', state: 'running', lag_bytes: null } : {}),
  )
  return {
    cluster: 'c',
    observed_at: '2026-11-23T10:00:00.000Z',
    observer: 'c-controller-1',
    health: primary === null ? 'down' : 'healthy',
    reasons: [],
    synchronous: true,
    synchronous_standby_names: 'ANY 1 (m-2,m-3)',
    commits: { standbys_needed: 1, standbys_connected: 2, waiting: 0 },
    failsafe_active: false,
    patroni_paused: false,
    members,
    etcd: [{ ...well('c-etcd-1'), leader: true, db_bytes: 1000 }],
    routers: [{ ...well('c-router-1'), write_to: primary, read_from: ['m-2', 'm-3'], sessions: 1 }],
    poolers: [{ ...well('c-pooler-1'), databases: [] }],
    edges: [{ ...well('c-edge-1'), kind: 'nginx', connections: 1, requests_total: 1 }],
    services: (['console', 'desktop-api', 'agent', 'agent', 'mcp'] as const).map(
      (component, index) => ({ ...well(`c-${component}-${index}`), component, draining: false }),
    ),
    controllers: [{ ...well('c-controller-1'), active: true }],
    engine_proxies: [{ ...well('c-engine-proxy-1'), host: 'local' }],
    prometheus: [well('c-prometheus-1')],
    alertmanagers: [],
    backups: backupsStatus.parse({ configured: false }),
    last_drill: null,
    maintenance: null,
    ...change,
  }
}
