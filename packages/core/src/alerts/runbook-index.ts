/** docs/runbooks/README.md, made from the alerts and the failures that drills rehearse. */
import { FAILURES, type FailureKind } from '../predict/failures.ts'
import { clusterSpecSchema, type ClusterSpec } from '../spec/cluster-spec.ts'
import { alertGroups } from './alert-groups.ts'

/** Where to read about each failure. */
export const RUNBOOK_OF_FAILURE: Readonly<Record<FailureKind, string>> = {
  'primary-crash': 'primary-crash',
  'primary-container-crash': 'primary-container-crash',
  'primary-host-loss': 'primary-host-loss',
  'primary-frozen': 'primary-frozen',
  'primary-partition': 'primary-partition',
  'postmaster-hung': 'postmaster-hung',
  'patroni-hung': 'patroni-hung',
  'etcd-leader-and-primary': 'etcd-leader-and-primary',
  'primary-etcd-partition': 'etcd-no-quorum',
  'etcd-down': 'etcd-no-quorum',
  'etcd-member-down': 'etcd-member-down',
  'sync-standby-loss': 'member-down',
  'two-standbys-loss': 'member-down',
  switchover: 'failed-over',
  'rolling-restart': 'failed-over',
  'pooler-kill': 'service-down',
  'pooler-frozen': 'service-down',
  'router-kill': 'service-down',
  'edge-kill': 'service-down',
  'service-kill': 'service-down',
}

/** What no alert can tell, and no other member take over. */
export const LOSSES: Readonly<Record<string, string>> = {
  'data-deleted': 'data was deleted or spoiled, by a person or a program',
  'everything-lost': 'the machine is lost, with all of the cluster',
}

/** A cluster that has every alert there is. */
export const WITH_EVERY_ALERT: ClusterSpec = clusterSpecSchema.parse({
  edge: { kind: 'haproxy' },
  notifications: { webhooks: [{ url: 'https://example.org/' }] },
})

const HEAD = `# Runbooks

What to do at night: one page per alert or failure. Each says what you see, what the system does by itself, what you may do, and what never
to do. Begin with

\`\`\`sh
./neuronha status
\`\`\`

whose first line after the headline is what is wrong. A *page* wakes somebody; a *ticket* waits for the morning. Commands stand for the only
cluster on the machine; add \`--cluster NAME\` where there are several, and put the member's own number.

This page is generated from the alerts by \`npm run docs\`.
`

const link = (runbook: string): string => `[${runbook}](${runbook}.md)`

/** The page's Markdown. */
export function runbookIndex(): string {
  const failures = Object.entries(FAILURES).map(
    ([failure, { what }]) =>
      `| \`${failure}\` | ${what} | ${link(RUNBOOK_OF_FAILURE[failure as FailureKind])} |\n`,
  )
  const alerts = alertGroups(WITH_EVERY_ALERT).flatMap(({ name, rules }) =>
    rules.map(
      ({ alert, severity, meaning, runbook }) =>
        `| ${name} | \`${alert}\` | ${severity} | ${meaning.replaceAll('|', '\\|')} | ${link(runbook)} |\n`,
    ),
  )
  return [
    HEAD,
    '\n## Failures\n\nThe names are those of the drills. [Predicted RTO](../reference/predicted-rto.md) says what each costs.\n\n',
    '| failure | what happens | page |\n|---|---|---|\n',
    ...failures,
    '\n## Losses\n\n| loss | page |\n|---|---|\n',
    ...Object.entries(LOSSES).map(([runbook, what]) => `| ${what} | ${link(runbook)} |\n`),
    '\n## Alerts\n\n| group | alert | severity | what it means | page |\n|---|---|---|---|---|\n',
    ...alerts,
  ].join('')
}
