/** Can anything be written, and is what was acknowledged safe? */
import { worstFailoverMs } from '../predict/predict-rto.ts'
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import { alertTimesOf, orNone, type AlertGroup, type AlertRule } from './alert.ts'

const SHORTEST_SECONDS = 30

/** Twice the slowest failover that the model predicts with controllers: until then the system is at work. */
const noPrimarySeconds = (spec: ClusterSpec): number =>
  Math.max(SHORTEST_SECONDS, Math.ceil((worstFailoverMs(spec) * 2) / 10_000) * 10)

const notSynchronous = (spec: ClusterSpec): AlertRule => ({
  alert: 'CommitsNotSynchronous',
  expr: 'max(neuronha_commit_standbys_needed) == 0',
  forSeconds: alertTimesOf(spec).lasting(60),
  severity: spec.protection === 'zero-loss' ? 'page' : 'ticket',
  summary: 'Commits wait for no standby',
  meaning:
    'The primary acknowledges writes that no standby has. If it is lost now, acknowledged writes are lost with it.',
  byItself: 'Patroni takes standbys up again as soon as they stream, within a loop.',
  youMay: 'See which standbys are away (`./neuronha status`) and bring one back.',
  runbook: 'commits-not-protected',
  causes: ['NoWritablePrimary'],
})

export const primaryAlerts = (spec: ClusterSpec): AlertGroup => {
  const { lasting } = alertTimesOf(spec)
  const isSynchronous = spec.database.syncStandbys > 0 && spec.database.members > 1
  return {
    name: 'primary',
    rules: [
      {
        alert: 'NoWritablePrimary',
        expr: `${orNone('(max(neuronha_primary_writable) or max(patroni_primary))')} == 0`,
        forSeconds: lasting(noPrimarySeconds(spec)),
        severity: 'page',
        summary: 'No member accepts writes',
        meaning:
          'No member is primary and writes, for longer than a failover takes. Every write waits or fails.',
        byItself:
          'Controllers fence a dead or hung primary and hand its lease on within seconds; without controllers Patroni does so when the lease runs out. Poolers hold clients for as long as their queries may wait.',
        youMay:
          'Read why nobody was promoted (`./neuronha status`, `./neuronha logs controller`), then bring back the member that was primary last.',
        runbook: 'no-writable-primary',
      },
      {
        alert: 'SeveralPrimaries',
        expr: 'sum(patroni_primary) > 1',
        forSeconds: lasting(60),
        severity: 'page',
        summary: '{{ $value }} members say that they are primary',
        meaning:
          'More than one member is out of recovery. Only the holder of the lease can acknowledge synchronous commits; the other one’s clients wait.',
        byItself: 'A member that loses its lease demotes itself within a loop.',
        youMay:
          'Find the holder of the lease (`./neuronha status`) and restart the other member. Never promote by hand.',
        runbook: 'several-primaries',
      },
      {
        alert: 'CommitsBlocked',
        expr: 'max(neuronha_commit_standbys_connected) < max(neuronha_commit_standbys_needed)',
        forSeconds: lasting(30),
        severity: 'page',
        summary: 'Commits wait: too few sync standbys are connected',
        meaning:
          'The primary runs, but fewer standbys are connected than must acknowledge a commit, so every write waits.',
        byItself:
          'Stopped members are started again; a standby that connects ends the wait. Nothing that was acknowledged is at risk.',
        youMay: 'Bring a standby back. Do not cancel waiting commits.',
        runbook: 'commits-blocked',
        causes: ['NoWritablePrimary'],
      },
      {
        alert: 'CommitsSlow',
        expr: 'max(neuronha_commits_waiting) > 0',
        forSeconds: lasting(60),
        severity: 'page',
        summary: '{{ $value }} commits have waited over 2 s for a standby',
        meaning:
          'Standbys are connected, but acknowledge too slowly: their disks or the network are the usual reason.',
        byItself: 'Nothing: any standby’s acknowledgement would do, and none comes in time.',
        youMay: 'Look at lag and disks of the standbys; restart one that hangs.',
        runbook: 'commits-blocked',
        causes: ['NoWritablePrimary', 'CommitsBlocked'],
      },
      {
        alert: 'SyncNamesWildcard',
        expr: 'max(neuronha_sync_names_wildcard) == 1',
        forSeconds: lasting(60),
        severity: 'page',
        summary: 'synchronous_standby_names is *',
        meaning:
          'Patroni sees no standby that may take over, so any receiver of WAL satisfies a commit. A failover now could lose acknowledged writes.',
        byItself: 'Patroni names the standbys again as soon as they stream.',
        youMay: 'Bring a standby back before anything else happens to the primary.',
        runbook: 'commits-not-protected',
        causes: ['NoWritablePrimary'],
      },
      ...(isSynchronous ? [notSynchronous(spec)] : []),
    ],
  }
}
