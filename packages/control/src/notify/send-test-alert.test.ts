import { expect, test } from 'vitest'
import type { HttpAnswer } from '../observe/http-client.ts'
import { parseDeliveries, sendTestAlert } from './send-test-alert.ts'

const metricsText = (webhook: number, email: number, emailFailed: number): string =>
  [
    '# TYPE alertmanager_notifications_total counter',
    `alertmanager_notifications_total{integration="webhook"} ${webhook}`,
    `alertmanager_notifications_total{integration="email"} ${email}`,
    `alertmanager_notifications_failed_total{integration="email",reason="other"} ${emailFailed}`,
    `alertmanager_notifications_failed_total{integration="email",reason="clientError"} 0`,
  ].join('\n')

const anAlertmanager = (
  looks: readonly string[],
  answer: HttpAnswer = { status: 200, body: '' },
) => {
  const posted: unknown[] = []
  let look = 0
  return {
    posted,
    http: {
      get: () =>
        Promise.resolve({ status: 200, body: looks[Math.min(look++, looks.length - 1)] ?? '' }),
      post: (_url: string, body: unknown) => {
        posted.push(body)
        return Promise.resolve(answer)
      },
      close: () => Promise.resolve(),
    },
  }
}

const options = {
  origin: 'https://a',
  cluster: 'demo',
  actor: 'me@here',
  severity: 'page',
  expected: { webhook: 1, email: 2 },
  waitMs: 10_000,
  signal: new AbortController().signal,
  sleep: () => Promise.resolve(),
} as const

test('reads attempts and failures of each way', () => {
  expect(parseDeliveries(metricsText(3, 2, 1))).toEqual({
    webhook: { sent: 3, failed: 0 },
    email: { sent: 2, failed: 1 },
  })
})

test('waits until every way has tried, and tells which failed', async () => {
  const { http, posted } = anAlertmanager([
    metricsText(3, 2, 1),
    metricsText(3, 2, 1),
    metricsText(4, 2, 1),
    metricsText(4, 4, 2),
  ])
  const { deliveries } = await sendTestAlert({ ...options, http })
  expect(deliveries).toEqual({ webhook: { sent: 1, failed: 0 }, email: { sent: 2, failed: 1 } })
  expect(posted).toEqual([
    [
      expect.objectContaining({
        labels: expect.objectContaining({
          alertname: 'NotificationTest',
          cluster: 'demo',
          severity: 'page',
        }) as unknown,
      }),
    ],
  ])
})

test('gives up waiting, and says what there was', async () => {
  const { http } = anAlertmanager([metricsText(3, 2, 1), metricsText(4, 2, 1)])
  const { deliveries } = await sendTestAlert({ ...options, http, waitMs: 1000 })
  expect(deliveries).toEqual({ webhook: { sent: 1, failed: 0 } })
})

test('passes Alertmanager’s refusal on', async () => {
  const { http } = anAlertmanager([metricsText(0, 0, 0)], { status: 400, body: '"bad label"' })
  await expect(sendTestAlert({ ...options, http })).rejects.toThrow(/HTTP 400, bad label/)
})
