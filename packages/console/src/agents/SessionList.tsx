import { IconPlus } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { oldestFirst, sessionsQuery } from '../api/agents.ts'
import { toDisplayError } from '../api/errors.ts'
import { paths } from '../paths.ts'
import { ErrorNotice } from '../ui/ErrorNotice.tsx'
import { formatAge } from '../ui/format.ts'
import { Placeholder } from '../ui/Placeholder.tsx'
import classes from './SessionList.module.css'

interface SessionListProps {
  readonly agentId: string
  /** Null: a new one is being begun. */
  readonly sessionId: string | null
  readonly onChosen: () => void
}

export const SessionList = ({ agentId, sessionId, onChosen }: SessionListProps) => {
  const query = useInfiniteQuery(sessionsQuery(agentId))
  const sessions = query.data === undefined ? [] : oldestFirst(query.data.pages).toReversed()
  return (
    <nav className={classes['list']} aria-label="Sessions of this agent">
      <Link
        {...paths.agent(agentId)}
        className={classes['item']}
        data-current={sessionId === null}
        onClick={onChosen}
      >
        <span className={classes['new']}>
          <IconPlus size={16} aria-hidden="true" />
          New session
        </span>
      </Link>
      {query.isPending ? <Placeholder height={34} /> : null}
      {query.error === null ? null : (
        <ErrorNotice error={toDisplayError(query.error)} onRetry={() => void query.refetch()} />
      )}
      {sessions.map((session) => (
        <Link
          key={session.id}
          {...paths.session(agentId, session.id)}
          className={classes['item']}
          data-current={session.id === sessionId}
          aria-current={session.id === sessionId ? 'page' : undefined}
          onClick={onChosen}
        >
          <span className={classes['title']}>
            {session.title === '' ? 'Untitled session' : session.title}
          </span>
          <span className={classes['age']}>
            {formatAge(Date.now() - Date.parse(session.created_at))}
            <span className="visually-hidden"> ago</span>
          </span>
        </Link>
      ))}
      {query.hasNextPage ? (
        <button
          type="button"
          className={classes['more']}
          onClick={() => void query.fetchNextPage()}
        >
          Show more
        </button>
      ) : null}
    </nav>
  )
}
