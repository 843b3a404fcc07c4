/**
 * Alertmanager: who is told of alerts, and how often. One failure is one message: everything that fires in the
 * cluster at once is one group, and what merely follows from something else is not sent. Whatever the cluster file
 * keeps in files of its own (logins, URLs that hold a token) lies in secret files here too.
 */
import { inhibitionsOf } from '../alerts/alert-groups.ts'
import type { AlertSeverity } from '../alerts/alert.ts'
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import { durationMsOf } from '../spec/quantities.ts'
import { containersOf } from '../topology/containers.ts'
import {
  CONFIG_DIR,
  header,
  plainFile,
  secretFile,
  type RenderedFile,
  type RenderedFiles,
} from './files.ts'
import { webConfig } from './prometheus.ts'
import { toYaml } from './yaml.ts'

/** What the cluster file points to, read. */
export interface NotificationSecrets {
  /** By webhook, in the file's order; undefined: the file names the URL itself. */
  readonly webhookUrls: readonly (string | undefined)[]
  readonly mailUsername?: string
  readonly mailPassword?: string
}

const NO_SECRETS: NotificationSecrets = { webhookUrls: [] }

/** The alert that `neuronha notify test` sends: it waits for nobody, and is a message of its own. */
export const TEST_ALERT = 'NotificationTest'

/** Nobody; so that what no other route takes goes nowhere. */
const NOBODY = 'nobody'

/** Arguments after those of the image's entrypoint. One alone needs no gossip. */
export const alertmanagerFlags = (): readonly string[] => ['--cluster.listen-address=']

interface Receiver {
  readonly name: string
  readonly severity: AlertSeverity
  readonly config: Readonly<Record<string, unknown>>
}

const urlPath = (index: number): string => `webhook-${index + 1}.url`
const PASSWORD_PATH = 'mail.password'

const LINE = '{{ .Labels.severity }} {{ .Labels.alertname }}: {{ .Annotations.summary }}'
const MAIL_TEXT = [
  '{{ range .Alerts.Firing }}',
  LINE,
  '  {{ .Annotations.description }}',
  '  Since {{ .StartsAt.Format "2006-01-02 15:04:05 MST" }}. What to do: {{ .Annotations.runbook }}',
  '{{ end }}{{ range .Alerts.Resolved }}',
  `Over: ${LINE}`,
  '  Until {{ .EndsAt.Format "2006-01-02 15:04:05 MST" }}',
  '{{ end }}',
].join('\n')
const MAIL_SUBJECT =
  '[{{ .CommonLabels.cluster }}] {{ if eq .Status "firing" }}{{ with index .Alerts.Firing 0 }}{{ .Annotations.summary }}{{ end }}{{ if gt (len .Alerts.Firing) 1 }} and {{ len (slice .Alerts.Firing 1) }} more{{ end }}{{ else }}Over: {{ with index .Alerts.Resolved 0 }}{{ .Annotations.summary }}{{ end }}{{ end }}'

const webhookReceivers = ({ notifications }: ClusterSpec): readonly Receiver[] =>
  notifications.webhooks.map(({ url, severity }, index) => ({
    name: `webhook-${index + 1}`,
    severity,
    config: {
      webhook_configs: [
        {
          ...(url === null ? { url_file: `${CONFIG_DIR}/${urlPath(index)}` } : { url }),
          send_resolved: true,
        },
      ],
    },
  }))

const mailReceivers = (
  { notifications }: ClusterSpec,
  secrets: NotificationSecrets,
): readonly Receiver[] => {
  const { mail } = notifications
  if (mail === null) return []
  const login =
    secrets.mailUsername === undefined
      ? {}
      : {
          auth_username: secrets.mailUsername,
          auth_password_file: `${CONFIG_DIR}/${PASSWORD_PATH}`,
        }
  return [
    {
      name: 'mail',
      severity: mail.severity,
      config: {
        email_configs: mail.to.map((to) => ({
          to,
          from: mail.from,
          smarthost: mail.smarthost,
          require_tls: mail.requireTls,
          send_resolved: true,
          headers: { Subject: MAIL_SUBJECT },
          html: '',
          text: MAIL_TEXT,
          ...login,
        })),
      },
    },
  ]
}

const routeTo = ({ name, severity }: Receiver) => ({
  receiver: name,
  continue: true,
  ...(severity === 'page' ? { matchers: ['severity="page"'] } : {}),
})

const inhibitRules = (spec: ClusterSpec) =>
  inhibitionsOf(spec).map(({ cause, consequences, same }) => ({
    source_matchers: [`alertname="${cause}"`],
    target_matchers: [`alertname=~"${consequences.join('|')}"`],
    equal: ['cluster', ...(same === undefined ? [] : [same])],
  }))

const alertmanagerConfig = (spec: ClusterSpec, secrets: NotificationSecrets) => {
  const receivers = [...webhookReceivers(spec), ...mailReceivers(spec, secrets)]
  const repeatSeconds = Math.round(durationMsOf(spec.notifications.repeatEvery) / 1000)
  return {
    route: {
      receiver: NOBODY,
      group_by: ['cluster'],
      // Long enough for the fallout of one failure to come together.
      group_wait: '15s',
      group_interval: '1m',
      repeat_interval: `${repeatSeconds}s`,
      routes: [
        {
          receiver: NOBODY,
          matchers: [`alertname="${TEST_ALERT}"`],
          group_by: ['cluster', 'alertname', 'test'],
          group_wait: '0s',
          routes: receivers.map(routeTo),
        },
        ...receivers.map(routeTo),
      ],
    },
    inhibit_rules: inhibitRules(spec),
    receivers: [{ name: NOBODY }, ...receivers.map(({ name, config }) => ({ name, ...config }))],
  }
}

export function renderAlertmanager(
  spec: ClusterSpec,
  secrets: NotificationSecrets = NO_SECRETS,
): RenderedFiles {
  const files = new Map<string, RenderedFile>()
  for (const { name } of containersOf(spec, 'alertmanager')) {
    const config = header('Alertmanager') + toYaml(alertmanagerConfig(spec, secrets))
    // A login's name stands in the file itself: Alertmanager reads only its password from another.
    files.set(
      `${name}/alertmanager.yml`,
      secrets.mailUsername === undefined ? plainFile(config) : secretFile(config),
    )
    files.set(`${name}/web.yml`, plainFile(header('Alertmanager') + toYaml(webConfig)))
    secrets.webhookUrls.forEach((url, index) => {
      if (url !== undefined) files.set(`${name}/${urlPath(index)}`, secretFile(url))
    })
    if (secrets.mailPassword !== undefined)
      files.set(`${name}/${PASSWORD_PATH}`, secretFile(secrets.mailPassword))
  }
  return files
}
