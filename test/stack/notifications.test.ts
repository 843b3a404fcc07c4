/** Somebody is told: a test alert, and a service that is really gone, by webhook and by mail. */
import { runOk } from '@neuronha/runtime/exec.ts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { gatewayAddressOf } from '@neuronha/core/topology/network.ts'
import { containersOf } from '@neuronha/core/topology/containers.ts'
import { cluster, untilHealthy } from './cluster.ts'
import { CLUSTER_NAME, neuronha, neuronhaJson } from './neuronha.ts'
import { startReceivers, waitFor, type Receivers, type WebhookMessage } from './receivers.ts'

/** Scrape and evaluation 10 s each, 30 s of patience, 15 s for what belongs together; the rest is a busy machine. */
const TOLD_WITHIN_MS = 150_000

let receivers: Receivers

beforeAll(async () => {
  receivers = await startReceivers({
    address: gatewayAddressOf(cluster().spec),
    webhookPort: 18_090,
    mailPort: 18_025,
  })
})
afterAll(() => receivers.close())

const postAbout = (
  status: WebhookMessage['status'],
  labels: Readonly<Record<string, string>>,
): WebhookMessage | undefined =>
  receivers.posts.find(({ alerts }) =>
    alerts.some(
      (alert) =>
        alert.status === status &&
        Object.entries(labels).every(([name, value]) => alert.labels[name] === value),
    ),
  )

it('delivers a test alert by every way, and says so', async () => {
  const result = await neuronhaJson<{
    accepted: boolean
    deliveries: Record<string, { sent: number; failed: number }>
    missing: string[]
  }>(['notify', 'test', '--cluster', CLUSTER_NAME])
  expect(result).toMatchObject({ accepted: true, missing: [] })
  expect(result.deliveries).toMatchObject({ webhook: { failed: 0 }, email: { failed: 0 } })
  const post = await waitFor(
    'the test alert',
    () => postAbout('firing', { alertname: 'NotificationTest' }),
    10_000,
  )
  expect(post.alerts).toHaveLength(1)
  expect(receivers.mails.join()).toMatch(/Subject: \[neuronha-test\] A test by .*nothing is wrong/)
})

it('tells in one message of a service that is gone, and that it is over', async () => {
  const { spec } = cluster()
  const replicas = containersOf(spec, 'mcp').map(({ name }) => name)
  await neuronha(['maintenance', 'on', '--why', 'a test', '--cluster', CLUSTER_NAME])
  try {
    await runOk('docker', ['stop', '--time', '1', ...replicas])
    const gone = { alertname: 'ServiceDown', component: 'mcp', cluster: CLUSTER_NAME }
    const post = await waitFor('the alert', () => postAbout('firing', gone), TOLD_WITHIN_MS)
    const alert = post.alerts.find(({ labels }) => labels['alertname'] === 'ServiceDown')
    expect(alert).toMatchObject({
      labels: { severity: 'page' },
      annotations: { summary: 'No mcp serves', runbook: 'docs/runbooks/service-down.md' },
    })
    await waitFor(
      'the mail',
      () => receivers.mails.find((mail) => mail.includes('page ServiceDown: No mcp serves')),
      30_000,
    )
    const about = receivers.posts.filter(
      ({ receiver, alerts }) =>
        receiver === post.receiver && alerts.some(({ labels }) => labels['component'] === 'mcp'),
    )
    expect(about).toHaveLength(1)
  } finally {
    await neuronha(['maintenance', 'off', '--cluster', CLUSTER_NAME])
    await runOk('docker', ['start', ...replicas])
  }
  await untilHealthy()
  await waitFor(
    'that it is over',
    () => postAbout('resolved', { alertname: 'ServiceDown', component: 'mcp' }),
    TOLD_WITHIN_MS,
  )
})
