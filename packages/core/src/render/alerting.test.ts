import { describe, expect, it } from 'vitest'
import { alertsOf, inhibitionsOf } from '../alerts/alert-groups.ts'
import { renderAlertmanager, type NotificationSecrets } from './alertmanager.ts'
import { renderPrometheusRules } from './prometheus-rules.ts'
import { renderPrometheus } from './prometheus.ts'
import { aSpec, fakeSecrets, GOLDEN_CASES, GOLDEN_SPECS, goldenPath, textOf } from './testing.ts'

const NOTIFIED = aSpec({
  name: 'notified',
  notifications: {
    webhooks: [
      { url: 'https://hooks.example.org/neuronha' },
      { urlFile: './webhook.url', severity: 'page' },
    ],
    mail: {
      smarthost: 'smtp.example.org:587',
      from: 'neuronha@example.org',
      to: ['night@example.org', 'ops@example.org'],
      usernameFile: './mail.user',
      passwordFile: './mail.password',
      severity: 'page',
    },
    repeatEvery: '2h',
  },
})
const SECRETS: NotificationSecrets = {
  webhookUrls: [undefined, 'https://hooks.example.org/fake-token'],
  mailUsername: 'fake-login',
  mailPassword: 'fake-password-of-mail',
}

describe('alerts', () => {
  it.each(GOLDEN_CASES)('are rendered for %s as the goldens say', async (goldenCase) => {
    const spec = GOLDEN_SPECS[goldenCase]
    const secrets = fakeSecrets(spec)
    const files = [...renderPrometheus(spec, secrets), ...renderPrometheusRules(spec, secrets)]
    for (const [path, { text }] of files)
      await expect(text).toMatchFileSnapshot(goldenPath(goldenCase, path))
  })

  it('have names of their own, and causes that exist', () => {
    const names = alertsOf(NOTIFIED).map(({ alert }) => alert)
    expect(names).toHaveLength(new Set(names).size)
    for (const { cause } of inhibitionsOf(NOTIFIED)) expect(names).toContain(cause)
    const wanted = alertsOf(NOTIFIED).flatMap(({ causes = [], causesOfSame = {} }) => [
      ...causes,
      ...Object.values(causesOfSame).flat(),
    ])
    for (const cause of wanted) expect(names).toContain(cause)
  })

  it('are never their own cause, over however many others', () => {
    const edges = inhibitionsOf(NOTIFIED)
    const reach = (from: string, seen: readonly string[]): readonly string[] =>
      edges
        .filter(({ cause }) => cause === from)
        .flatMap(({ consequences }) => consequences)
        .filter((name) => !seen.includes(name))
        .reduce((found, name) => reach(name, [...found, name]), seen)
    for (const { cause } of edges) expect(reach(cause, [])).not.toContain(cause)
  })

  it('are never silenced by what weighs less', () => {
    const severityOf = new Map(alertsOf(NOTIFIED).map(({ alert, severity }) => [alert, severity]))
    for (const { cause, consequences } of inhibitionsOf(NOTIFIED))
      for (const consequence of consequences)
        expect([severityOf.get(cause), severityOf.get(consequence)]).not.toEqual(['ticket', 'page'])
  })

  it('wait for three scrapes at least, however seldom Prometheus looks', () => {
    const slow = aSpec({ metrics: { scrapeSeconds: 60 } })
    for (const { alert, forSeconds } of alertsOf(slow))
      if (forSeconds > 0) expect(forSeconds, alert).toBeGreaterThanOrEqual(180)
  })

  it('of commits that wait for nobody page only where loss is ruled out', () => {
    const severityOf = (protection: 'zero-loss' | 'available') =>
      alertsOf(aSpec({ protection })).find(({ alert }) => alert === 'CommitsNotSynchronous')
        ?.severity
    expect(severityOf('zero-loss')).toBe('page')
    expect(severityOf('available')).toBe('ticket')
  })
})

describe('notifications', () => {
  const files = renderAlertmanager(NOTIFIED, SECRETS)

  it('do not exist until somebody is named', () => {
    const spec = aSpec()
    expect([...renderAlertmanager(spec)]).toEqual([])
    expect(
      textOf(renderPrometheus(spec, fakeSecrets(spec)), 'neurondb-prometheus-1/prometheus.yml'),
    ).not.toContain('alertmanager')
  })

  it('are rendered as the golden says', async () => {
    const rules = renderPrometheusRules(NOTIFIED, fakeSecrets(NOTIFIED))
    for (const [path, { text }] of [...files, ...rules])
      await expect(text).toMatchFileSnapshot(goldenPath('notified', path))
  })

  it('keep what came from a file in secret files', () => {
    for (const { text, secret, mode } of files.values()) {
      const holdsSecret = /fake-/.test(text)
      expect(secret).toBe(holdsSecret)
      expect(mode).toBe(holdsSecret ? 0o400 : 0o444)
    }
    expect(textOf(files, 'notified-alertmanager-1/alertmanager.yml')).not.toMatch(
      /fake-(token|pass)/,
    )
  })

  it('go where Prometheus sends them, over TLS with its certificate', () => {
    const text = textOf(
      renderPrometheus(NOTIFIED, fakeSecrets(NOTIFIED)),
      'notified-prometheus-1/prometheus.yml',
    )
    expect(text).toContain('"10.77.0.203:9093"')
    expect(text).toContain('server_name: "alertmanager"')
  })
})
