import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { StatusMark } from '../ui/StatusMark.tsx'
import { headlineOf } from './headline.ts'
import classes from './HealthHeadline.module.css'

interface HealthHeadlineProps {
  readonly status: ClusterStatus
  readonly isStale: boolean
}

export const HealthHeadline = ({ status, isStale }: HealthHeadlineProps) => {
  const { tone, word, sentence } = headlineOf(status)
  return (
    <section className={classes['headline']} data-tone={tone} aria-label="Health">
      <StatusMark tone={tone} size={34} />
      <div className={classes['text']} role="status" aria-atomic="true">
        <p className={classes['word']}>
          {isStale ? <span className={classes['was']}>Last known: </span> : null}
          {word}
        </p>
        <p className={classes['sentence']}>{sentence}</p>
        {status.reasons.length === 0 ? null : (
          <ul className={classes['reasons']}>
            {status.reasons.map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
        )}
      </div>
    </section>
  )
}
