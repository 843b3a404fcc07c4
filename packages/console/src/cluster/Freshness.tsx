/** How old the picture is, and who drew it. */
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import type { DisplayError } from '../api/errors.ts'
import { formatAge, formatClock } from '../ui/format.ts'
import { Notice } from '../ui/Notice.tsx'
import classes from './Freshness.module.css'
import type { Freshness } from './freshness.ts'
import { shortNameOf } from './parts.ts'

interface FreshnessLabelProps {
  readonly freshness: Freshness
  readonly observer: string
  readonly cluster: string
  readonly isFailing: boolean
}

export const FreshnessLabel = ({
  freshness,
  observer,
  cluster,
  isFailing,
}: FreshnessLabelProps) => {
  const isStale = freshness.kind === 'stale'
  const word = isStale ? 'Stale' : isFailing ? 'Reconnecting…' : 'Live'
  return (
    <p className={classes['label']} data-kind={isStale || isFailing ? 'away' : 'live'}>
      <span className={classes['pulse']} aria-hidden="true" />
      <strong>{word}</strong>
      <span>
        observed {formatAge(freshness.ageMs)} ago by {shortNameOf(cluster, observer)}
      </span>
    </p>
  )
}

interface StaleNoticeProps {
  readonly freshness: Freshness
  readonly status: ClusterStatus
  readonly error: DisplayError | null
}

export const StaleNotice = ({ freshness, status, error }: StaleNoticeProps) => {
  const observer = shortNameOf(status.cluster, status.observer)
  const why =
    error === null
      ? `The API answers, but with an old observation by ${observer}: no controller observes at the moment.`
      : error.detail
  return (
    <Notice tone="warn" title="This is not the present state" isUrgent>
      {why} Below is what {observer} saw at {formatClock(new Date(status.observed_at))}
      {/* The age changes each second, so it is not announced again and again. */}
      <span aria-hidden="true">, {formatAge(freshness.ageMs)} ago</span>. Trying again each second.
    </Notice>
  )
}
