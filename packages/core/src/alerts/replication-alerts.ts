/** Are the standbys there, and near enough to take over and to be read from? */
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import { bytesOf } from '../spec/quantities.ts'
import { alertTimesOf, byPart, type AlertGroup, type AlertRule } from './alert.ts'

const noSpareStandby = (spec: ClusterSpec): AlertRule => ({
  alert: 'NoSpareStandby',
  expr: 'max(neuronha_commit_standbys_connected) == max(neuronha_commit_standbys_needed) and max(neuronha_commit_standbys_needed) > 0',
  forSeconds: alertTimesOf(spec).lasting(300),
  severity: 'page',
  summary: 'One more standby lost stops all writes',
  meaning: 'Exactly as many sync standbys are connected as every commit needs.',
  byItself: 'Stopped members are started again, and rebuilt when they cannot stream.',
  youMay: 'Bring a standby back (`./neuronha status` names those that are away).',
  runbook: 'member-down',
})

export const replicationAlerts = (spec: ClusterSpec): AlertGroup => {
  const { lasting } = alertTimesOf(spec)
  const { members, syncStandbys, router } = spec.database
  const maxBytes = bytesOf(router.maxReadLag.bytes)
  const maxMs = router.maxReadLag.ms
  const hasSpare = syncStandbys > 0 && members - 1 > syncStandbys
  return {
    name: 'replication',
    rules: [
      {
        alert: 'MemberDown',
        expr: `${byPart('neuronha_member_up', 'member')} == 0`,
        forSeconds: lasting(120),
        severity: 'ticket',
        summary: '{{ $labels.part }} does not answer',
        meaning: 'One member fewer can take over or serve reads.',
        byItself: 'The engine and the controllers start it again; it rewinds and streams.',
        youMay: 'Read its log (`./neuronha logs member-N`) when it does not come back.',
        runbook: 'member-down',
      },
      ...(hasSpare ? [noSpareStandby(spec)] : []),
      {
        alert: 'StandbyNotStreaming',
        expr: `${byPart('(neuronha_member_streaming == 0 and neuronha_member_up == 1)', 'member')} == 0`,
        forSeconds: lasting(300),
        severity: 'ticket',
        summary: '{{ $labels.part }} runs and does not stream',
        meaning: 'It falls behind and can neither acknowledge commits nor take over.',
        byItself:
          'A standby that does not stream is restarted by the controllers, and then rebuilt. Copying a large database takes its time.',
        youMay: 'Read its log for the reason; rebuild it if it cannot follow.',
        runbook: 'standby-not-streaming',
        causes: ['NoWritablePrimary'],
        causesOfSame: { part: ['MemberDown'] },
      },
      {
        alert: 'ReplicationLag',
        expr: byPart(
          `(neuronha_member_lag_bytes > ${maxBytes} or (neuronha_member_lag_milliseconds > ${maxMs} and neuronha_member_lag_bytes > 0))`,
          'member',
        ),
        forSeconds: lasting(300),
        severity: 'ticket',
        summary: '{{ $labels.part }} lags beyond the limit for reads',
        meaning: `It is more than ${router.maxReadLag.bytes} or ${maxMs} ms behind, so routers and services avoid it for reads.`,
        byItself: 'Reads go to the other standbys, to the primary when none is near enough.',
        youMay: 'Look for long queries on it, a slow disk, or a bulk load on the primary.',
        runbook: 'replication-lag',
        causes: ['NoWritablePrimary'],
        causesOfSame: { part: ['MemberDown', 'StandbyNotStreaming'] },
      },
      {
        alert: 'OtherTimeline',
        expr: byPart(
          '(neuronha_member_timeline != on () group_left () max(neuronha_member_timeline))',
          'member',
        ),
        forSeconds: lasting(600),
        severity: 'ticket',
        summary: '{{ $labels.part }} is on timeline {{ $value }}, not on the newest',
        meaning: 'It did not follow the last failover and cannot take over.',
        byItself: 'It rewinds to the fork when it starts; what cannot be rewound is rebuilt.',
        youMay: 'Rebuild it, if it stays behind. Never copy files into it.',
        runbook: 'standby-not-streaming',
        causes: ['NoWritablePrimary'],
        causesOfSame: { part: ['MemberDown', 'StandbyNotStreaming'] },
      },
    ],
  }
}
