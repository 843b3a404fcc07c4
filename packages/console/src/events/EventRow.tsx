/** One event on the timeline; its evidence unfolds below it. */
import type { PlatformEvent } from '@neuronha/core/contracts/coordination.ts'
import { IconChevronRight } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useId, useState } from 'react'
import { paths } from '../paths.ts'
import { formatClock } from '../ui/format.ts'
import { StatusMark } from '../ui/StatusMark.tsx'
import classes from './EventRow.module.css'
import { evidenceText, toneOf } from './events-view.ts'

/** Who did it, when that says more than who wrote it down. */
const byWhom = ({ actor, source }: PlatformEvent): string =>
  actor === 'controller' ? source : actor

const SEVERITY_WORDS = { info: undefined, warning: 'Warning', critical: 'Critical' } as const

export const EventRow = ({ event }: { readonly event: PlatformEvent }) => {
  const [isOpen, setOpen] = useState(false)
  const detailsId = useId()
  const tone = toneOf(event)
  const label = SEVERITY_WORDS[event.severity]
  return (
    <li className={classes['event']} data-severity={event.severity}>
      <button
        type="button"
        className={classes['head']}
        aria-expanded={isOpen}
        aria-controls={detailsId}
        onClick={() => setOpen(!isOpen)}
      >
        <time dateTime={event.at} title={event.at}>
          {formatClock(new Date(event.at))}
        </time>
        <span className={classes['mark']}>
          {tone === 'unknown' ? (
            <span className={classes['dot']} />
          ) : (
            <StatusMark tone={tone} size={16} {...(label === undefined ? {} : { label })} />
          )}
        </span>
        <span className={classes['what']}>
          <span className={classes['summary']}>{event.summary}</span>
          <span className={classes['facts']}>
            <span className={classes['kind']}>{event.kind}</span>
            <span>{byWhom(event)}</span>
          </span>
        </span>
        <IconChevronRight size={16} aria-hidden="true" className={classes['chevron']} />
      </button>
      <div id={detailsId} className={classes['details']} hidden={!isOpen}>
        {isOpen ? <EventDetails event={event} /> : null}
      </div>
    </li>
  )
}

const EventDetails = ({ event }: { readonly event: PlatformEvent }) => {
  const evidence = Object.entries(event.evidence)
  return (
    <dl>
      {event.target === null ? null : (
        <div>
          <dt>Target</dt>
          <dd>
            <Link {...paths.cluster(event.target)}>{event.target}</Link>
          </dd>
        </div>
      )}
      {evidence.map(([name, value]) => {
        const { text, isBlock } = evidenceText(value)
        return (
          <div key={name} data-block={isBlock}>
            <dt>{name}</dt>
            <dd>{isBlock ? <pre>{text}</pre> : text}</dd>
          </div>
        )
      })}
      {evidence.length === 0 ? (
        <div>
          <dt>Evidence</dt>
          <dd>none was recorded</dd>
        </div>
      ) : null}
      <div>
        <dt>Recorded</dt>
        <dd>
          by {event.source}
          {event.actor === 'controller' ? '' : ` for ${event.actor}`} at{' '}
          <span className="mono">{event.at}</span>, number <span className="mono">{event.id}</span>
        </dd>
      </div>
    </dl>
  )
}
