/**
 * A test alert, end to end: Alertmanager takes it, and its own counters tell whether each way of telling somebody
 * delivered it. The alert ends by itself after a minute, and is told to have ended like any other.
 */
import { z } from 'zod'
import type { AlertSeverity } from '@neuronha/core/alerts/alert.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { TEST_ALERT } from '@neuronha/core/render/alertmanager.ts'
import { bodyOf, jsonOf, type HttpClient } from '../observe/http-client.ts'

/** By Alertmanager's word for a way of telling: `webhook`, `email`. */
export interface DeliveryCounts {
  readonly sent: number
  readonly failed: number
}
export type Deliveries = Readonly<Record<string, DeliveryCounts>>

export interface TestAlertResult {
  /** What was sent and what failed since the test alert, by way; a way that has nothing to say is left out. */
  readonly deliveries: Deliveries
}

export interface TestAlertOptions {
  readonly http: HttpClient
  /** For example https://10.77.0.203:9093. */
  readonly origin: string
  readonly cluster: string
  readonly actor: string
  readonly severity: AlertSeverity
  /** Ways that should deliver, and how often: a mail for each receiver. */
  readonly expected: Readonly<Record<string, number>>
  readonly waitMs: number
  readonly signal: AbortSignal
  readonly sleep: (ms: number) => Promise<void>
}

const LASTS_MS = 60_000
const LOOK_EVERY_MS = 500
const ASK_MS = 5000

const COUNTER = /^alertmanager_notifications_(failed_)?total\{([^}]*)\} (\S+)$/

/** Sums Alertmanager's counters by integration, whatever other labels they carry. */
export function parseDeliveries(metrics: string): Deliveries {
  const counts: Record<string, DeliveryCounts> = {}
  for (const line of metrics.split('\n')) {
    const [, failed, labels = '', value] = COUNTER.exec(line) ?? []
    const way = /integration="([^"]*)"/.exec(labels)?.[1]
    if (way === undefined) continue
    const before = counts[way] ?? { sent: 0, failed: 0 }
    const more = Number(value)
    counts[way] =
      failed === undefined
        ? { ...before, sent: before.sent + more }
        : { ...before, failed: before.failed + more }
  }
  return counts
}

const since = (before: Deliveries, after: Deliveries): Deliveries =>
  Object.fromEntries(
    Object.entries(after).flatMap(([way, { sent, failed }]) => {
      const old = before[way] ?? { sent: 0, failed: 0 }
      const change = { sent: sent - old.sent, failed: failed - old.failed }
      return change.sent === 0 && change.failed === 0 ? [] : [[way, change] as const]
    }),
  )

/** `sent` counts every attempt, failed ones too. */
const isSettled = (deliveries: Deliveries, expected: TestAlertOptions['expected']): boolean =>
  Object.entries(expected).every(([way, count]) => (deliveries[way]?.sent ?? 0) >= count)

export async function sendTestAlert(options: TestAlertOptions): Promise<TestAlertResult> {
  const { http, origin, waitMs, sleep, expected } = options
  const before = await readDeliveries(options)
  const answer = await http.post(
    `${origin}/api/v2/alerts`,
    [testAlert(options, new Date())],
    AbortSignal.any([options.signal, AbortSignal.timeout(ASK_MS)]),
  )
  if (answer.status !== 200) {
    const words = z.string().safeParse(jsonOf(answer))
    throw new PlatformError(
      'UPSTREAM_FAILED',
      `Alertmanager refused the test alert: HTTP ${answer.status}${words.success ? `, ${words.data}` : ''}`,
    )
  }
  for (let waited = 0; ; waited += LOOK_EVERY_MS) {
    const deliveries = since(before, await readDeliveries(options))
    if (waited >= waitMs || isSettled(deliveries, expected)) return { deliveries }
    await sleep(LOOK_EVERY_MS)
  }
}

const readDeliveries = async ({ http, origin, signal }: TestAlertOptions): Promise<Deliveries> =>
  parseDeliveries(
    bodyOf(
      await http.get(`${origin}/metrics`, AbortSignal.any([signal, AbortSignal.timeout(ASK_MS)])),
    ),
  )

/** `test` makes each a message of its own. */
const testAlert = ({ cluster, actor, severity }: TestAlertOptions, now: Date) => ({
  labels: { alertname: TEST_ALERT, cluster, severity, test: now.toISOString() },
  annotations: {
    summary: `A test by ${actor}: nothing is wrong`,
    description: 'Whoever reads this is told when something is wrong with this cluster.',
    runbook: 'docs/runbooks/notifications-fail.md',
  },
  startsAt: now.toISOString(),
  endsAt: new Date(now.getTime() + LASTS_MS).toISOString(),
})
