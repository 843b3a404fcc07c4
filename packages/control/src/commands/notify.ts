/** `notify test`: is somebody told when something is wrong? */
import type { AlertSeverity } from '@neuronha/core/alerts/alert.ts'
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { addressesOf } from '@neuronha/core/topology/containers.ts'
import { PORTS } from '@neuronha/core/topology/ports.ts'
import { sleep } from '@neuronha/runtime/clock.ts'
import { loadTls } from '@neuronha/runtime/tls.ts'
import { sendTestAlert, type Deliveries } from '../notify/send-test-alert.ts'
import { createHttpClient } from '../observe/http-client.ts'
import { runStep } from '../setup/progress.ts'
import { actorHere } from './audit.ts'
import { openCluster, type ClusterChoice, type CommandIo } from './context.ts'
import { cliTlsFiles } from './open-kv.ts'

export interface NotifyTestOptions extends ClusterChoice {
  readonly severity: AlertSeverity
}

/** Alertmanager tries a way that fails again for some time; this long a person waits. */
const WAIT_MS = 20_000

const WAYS = { webhook: 'webhook', email: 'mail' } as const

/** Which ways should deliver an alert of this severity, and how many messages each. */
export function expectedDeliveries(
  { notifications: { webhooks, mail } }: Pick<ClusterSpec, 'notifications'>,
  severity: AlertSeverity,
): Readonly<Record<string, number>> {
  const isFor = (least: AlertSeverity): boolean => least === 'ticket' || severity === 'page'
  const hooks = webhooks.filter((webhook) => isFor(webhook.severity)).length
  const mails = mail !== null && isFor(mail.severity) ? mail.to.length : 0
  return {
    ...(hooks === 0 ? {} : { webhook: hooks }),
    ...(mails === 0 ? {} : { email: mails }),
  }
}

/** @throws PlatformError UPSTREAM_FAILED (exit 1) when Alertmanager did not take it, or somebody was not told. */
export async function notifyTest(io: CommandIo, options: NotifyTestOptions): Promise<void> {
  const { severity } = options
  const cluster = await openCluster(io, options)
  const [address] = addressesOf(cluster.spec, 'alertmanager')
  if (address === undefined) {
    throw new PlatformError('USAGE', `cluster ${cluster.spec.name} tells nobody`, {
      hint: 'Name webhooks or mail under `notifications` in the cluster file, then `./neuronha up`.',
    })
  }
  const expected = expectedDeliveries(cluster.spec, severity)
  const http = createHttpClient(loadTls(cliTlsFiles(cluster)))
  try {
    const { deliveries } = await runStep(
      io.progress,
      `send a test alert (${severity})`,
      () =>
        sendTestAlert({
          http,
          origin: `https://${address}:${PORTS.alertmanager}`,
          cluster: cluster.spec.name,
          actor: actorHere(),
          severity,
          expected,
          waitMs: WAIT_MS,
          signal: io.signal,
          sleep,
        }).catch((thrown: unknown) => {
          throw unreachable(thrown)
        }),
      () => 'Alertmanager accepted it',
    )
    const missing = undelivered(expected, deliveries)
    io.out(
      io.json
        ? JSON.stringify({ accepted: true, expected, deliveries, missing }, null, 2)
        : describe(expected, deliveries),
    )
    if (missing.length > 0) throw notTold(missing)
  } finally {
    await http.close()
  }
}

const notTold = (missing: readonly string[]): PlatformError =>
  new PlatformError('UPSTREAM_FAILED', `not delivered by ${missing.join(' and ')}`, {
    hint: 'Alertmanager’s log says why: ./neuronha logs alertmanager',
  })

const unreachable = (thrown: unknown): PlatformError => {
  const error = toPlatformError(thrown)
  if (error.code === 'UPSTREAM_FAILED' || error.code === 'INTERRUPTED') return error
  return new PlatformError('UPSTREAM_FAILED', 'Alertmanager does not answer', {
    hint: 'Does it run? ./neuronha status, ./neuronha logs alertmanager',
    cause: thrown,
  })
}

const undelivered = (
  expected: Readonly<Record<string, number>>,
  deliveries: Deliveries,
): readonly string[] =>
  Object.entries(expected).flatMap(([way, count]) => {
    const { sent, failed } = deliveries[way] ?? { sent: 0, failed: 0 }
    return sent - failed >= count ? [] : [WAYS[way as keyof typeof WAYS]]
  })

function describe(expected: Readonly<Record<string, number>>, deliveries: Deliveries): string {
  const ways = Object.entries(expected).map(([way, count]) => {
    const { sent, failed } = deliveries[way] ?? { sent: 0, failed: 0 }
    const name = WAYS[way as keyof typeof WAYS]
    if (sent === 0) return `  ${name}: nothing was sent yet`
    if (failed > 0) return `  ${name}: ${failed} of ${sent} failed`
    return `  ${name}: ${sent} of ${count} delivered`
  })
  const told = ways.length === 0 ? ['  nobody is to be told of an alert of this severity'] : ways
  return ['Alertmanager accepted the test alert.', ...told].join('\n')
}
