/** What changed while this page was open, newest first. */
import { formatClock } from '../ui/format.ts'
import { StatusMark } from '../ui/StatusMark.tsx'
import classes from './Changes.module.css'
import type { ClusterView } from './history.ts'

interface ChangesProps {
  readonly view: ClusterView
  readonly onSelect: (name: string) => void
}

export const Changes = ({ view, onSelect }: ChangesProps) => (
  <section aria-labelledby="changes-title" className={classes['section']}>
    <h2 id="changes-title">Changes since this page was opened</h2>
    {view.changes.length === 0 ? (
      <p className={classes['none']}>None so far.</p>
    ) : (
      <ol className={classes['list']}>
        {view.changes.map(({ at, tone, text, part }) => (
          <li key={`${at} ${text}`}>
            <time dateTime={at}>{formatClock(new Date(at))}</time>
            <StatusMark tone={tone} size={14} />
            {part === null ? (
              <span>{text}</span>
            ) : (
              <button type="button" onClick={() => onSelect(part)}>
                {text}
              </button>
            )}
          </li>
        ))}
      </ol>
    )}
  </section>
)
