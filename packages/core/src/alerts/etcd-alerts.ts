/** The quorum that everything else asks. etcd is asked directly: without it no controller is active to tell. */
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import { alertTimesOf, byPart, orNone, type AlertGroup } from './alert.ts'

const MOST_LEADER_CHANGES_AN_HOUR = 6

export const etcdAlerts = (spec: ClusterSpec): AlertGroup => {
  const { lasting } = alertTimesOf(spec)
  const { members } = spec.etcd
  const quorum = Math.floor(members / 2) + 1
  return {
    name: 'etcd',
    rules: [
      {
        alert: 'EtcdNoQuorum',
        expr: `${orNone('sum(etcd_server_has_leader{job="etcd"})')} < ${quorum}`,
        forSeconds: lasting(30),
        severity: 'page',
        summary: 'etcd has no quorum',
        meaning: `Fewer than ${quorum} of ${members} etcd members follow a leader. Nothing can fail over, and no controller is active.`,
        byItself:
          'The primary goes on in failsafe while it reaches every member. The engine starts etcd members that died.',
        youMay: 'Bring etcd members back, one at a time. Touch no database member meanwhile.',
        runbook: 'etcd-no-quorum',
      },
      {
        alert: 'EtcdMemberDown',
        expr: `${byPart('up{job="etcd"}', 'replica')} == 0`,
        forSeconds: lasting(120),
        severity: 'ticket',
        summary: '{{ $labels.part }} does not answer',
        meaning: `etcd goes on while ${quorum} of ${members} are up.`,
        byItself: 'The engine starts it again, and it catches up.',
        youMay: 'Read its log when it does not come back.',
        runbook: 'etcd-member-down',
        causes: ['EtcdNoQuorum'],
      },
      {
        alert: 'EtcdDatabaseLarge',
        expr: `${byPart('(etcd_mvcc_db_total_size_in_bytes / etcd_server_quota_backend_bytes)', 'replica')} > 0.8`,
        forSeconds: lasting(300),
        severity: 'ticket',
        summary: '{{ $labels.part }} uses {{ $value | humanizePercentage }} of its quota',
        meaning:
          'At the quota etcd refuses every change, and nothing can fail over. The platform keeps kilobytes there: something writes where it should not.',
        byItself: 'Old revisions are compacted every hour; the file itself does not shrink.',
        youMay: 'Find what fills it, then defragment, one member at a time.',
        runbook: 'etcd-database-large',
      },
      {
        alert: 'EtcdLeaderUnstable',
        expr: `max(increase(etcd_server_leader_changes_seen_total[1h])) > ${MOST_LEADER_CHANGES_AN_HOUR}`,
        forSeconds: lasting(300),
        severity: 'ticket',
        summary: 'etcd changes its leader again and again',
        meaning:
          'Every change gives leases their full time again, which slows failovers down. Slow disks or a starved machine are the usual reason.',
        byItself: 'Each election takes a second or two; writes to the database do not notice.',
        youMay: 'Look at the machine’s disk and processor.',
        runbook: 'etcd-member-down',
      },
    ],
  }
}
