/** The audit log as a timeline: what was decided and done, by whom, on what evidence. */
import { Button } from '@mantine/core'
import { EVENT_RETENTION_DAYS } from '@neuronha/core/contracts/events.ts'
import { IconTimelineEvent } from '@tabler/icons-react'
import { getRouteApi } from '@tanstack/react-router'
import { EventFilter } from '../events/EventFilter.tsx'
import { EventRow } from '../events/EventRow.tsx'
import { byDay, type EventsView } from '../events/events-view.ts'
import { useEvents, useKnownAreas } from '../events/use-events.ts'
import { EmptyState } from '../ui/EmptyState.tsx'
import { ErrorNotice } from '../ui/ErrorNotice.tsx'
import { Notice } from '../ui/Notice.tsx'
import { Page } from '../ui/Page.tsx'
import { Placeholder } from '../ui/Placeholder.tsx'
import classes from './EventsPage.module.css'

const route = getRouteApi('/signed-in/events')

export const EventsPage = () => {
  const filter = route.useSearch()
  const { view, error, retry, older } = useEvents(filter)
  const areas = useKnownAreas(filter)
  return (
    <Page title="Events">
      <div className={classes['body']}>
        <EventFilter filter={filter} areas={areas} />
        {error === null ? null : <ErrorNotice error={error} onRetry={retry} />}
        {view === undefined || view.incomplete.length === 0 ? null : (
          <Notice tone="warn" title="Some events may be missing">
            {view.incomplete.map((why) => (
              <div key={why}>{why}</div>
            ))}
          </Notice>
        )}
        {view === undefined && error === null ? <Loading /> : null}
        {view === undefined ? null : <Timeline view={view} isFiltered={isFiltered(filter)} />}
        {older.error === null ? null : <ErrorNotice error={older.error} onRetry={older.load} />}
        {view?.hasOlder === true ? (
          <Button variant="default" loading={older.isLoading} onClick={older.load}>
            Show older
          </Button>
        ) : null}
      </div>
    </Page>
  )
}

const isFiltered = ({ severity, kind }: { severity?: unknown; kind?: unknown }): boolean =>
  severity !== undefined || kind !== undefined

const Loading = () => (
  <div role="status" aria-label="Loading events" className={classes['body']}>
    <Placeholder height={52} />
    <Placeholder height={52} />
    <Placeholder height={52} />
  </div>
)

interface TimelineProps {
  readonly view: EventsView
  readonly isFiltered: boolean
}

const Timeline = ({ view, isFiltered: hasFilter }: TimelineProps) => {
  if (view.items.length === 0) {
    return (
      <EmptyState
        icon={<IconTimelineEvent size={24} />}
        title={hasFilter ? 'No such events' : 'Nothing has happened yet'}
      >
        What the controllers decide, and what people change, is kept here for {EVENT_RETENTION_DAYS}{' '}
        days.
      </EmptyState>
    )
  }
  return byDay(view.items).map(({ title, items }) => (
    <section key={title} aria-label={title}>
      <h2 className={classes['day']}>{title}</h2>
      <ol className={classes['list']}>
        {items.map((event) => (
          <EventRow key={event.id} event={event} />
        ))}
      </ol>
    </section>
  ))
}
