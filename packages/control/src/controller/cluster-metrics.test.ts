import { expect, test } from 'vitest'
import { createMetrics } from '@neuronha/runtime/metrics.ts'
import { assessCluster } from '../observe/assess-cluster.ts'
import { anObservation, gone, replaceMember } from '../observe/testing.ts'
import { addClusterMetrics } from './cluster-metrics.ts'

const textOf = async (isActive: boolean, observation = anObservation()): Promise<string> => {
  const metrics = createMetrics({ prefix: 'neuronha_', replica: 'one', processMetrics: false })
  addClusterMetrics(metrics, {
    isActive: () => isActive,
    latest: () => ({ status: assessCluster(observation), durationMs: 40 }),
    ageMs: () => 1500,
  })
  return metrics.text()
}

test('the active controller shows members, parts and poolers', async () => {
  const text = await textOf(true)
  for (const line of [
    'neuronha_member_role{member="demo-member-1",role="primary",replica="one"} 1',
    'neuronha_member_lag_bytes{member="demo-member-2",replica="one"} 0',
    'neuronha_sync_standbys{replica="one"} 3',
    'neuronha_primary_present{replica="one"} 1',
    'neuronha_maintenance{replica="one"} 0',
    'neuronha_part_healthy{component="agent",part="demo-agent-3",replica="one"} 1',
    'neuronha_etcd_leader{etcd="demo-etcd-2",replica="one"} 1',
    'neuronha_pooler_clients{pooler="demo-pooler-1",database="neurondb",replica="one"} 4',
    'neuronha_edge_requests{edge="demo-edge-1",replica="one"} 81224',
    'neuronha_cluster_health{health="healthy",replica="one"} 1',
    'neuronha_controller_active{replica="one"} 1',
    'neuronha_observation_age_seconds{replica="one"} 1.5',
  ])
    expect(text).toContain(line)
})

test('a standby shows only itself, so that sums over controllers are right', async () => {
  const text = await textOf(false)
  expect(text).toContain('neuronha_controller_active{replica="one"} 0')
  expect(text).not.toContain('member="')
  // 0 would say that there is no primary
  expect(text).not.toContain('neuronha_primary_present{')
})

test('what is not known has no sample', async () => {
  const text = await textOf(true, replaceMember(anObservation(), 1, gone))
  expect(text).toContain('neuronha_member_up{member="demo-member-1",replica="one"} 0')
  expect(text).toContain('neuronha_primary_present{replica="one"} 0')
  expect(text).not.toMatch(/neuronha_member_connections\{member="demo-member-1"/)
})
