/** The messages of a session, and the one on its way. */
import { Button } from '@mantine/core'
import type { Message } from '@neuronha/core/contracts/agent.ts'
import { IconMessageCircle, IconRefresh } from '@tabler/icons-react'
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { lazy, Suspense, useEffect, useLayoutEffect, useRef, type ReactNode } from 'react'
import { messagesQuery, oldestFirst } from '../api/agents.ts'
import { toDisplayError } from '../api/errors.ts'
import { EmptyState } from '../ui/EmptyState.tsx'
import { ErrorNotice } from '../ui/ErrorNotice.tsx'
import { formatClock } from '../ui/format.ts'
import { Placeholder } from '../ui/Placeholder.tsx'
import classes from './Conversation.module.css'
import { discardMessage, retryMessage, type Outgoing } from './outbox.ts'

const Markdown = lazy(() =>
  import('./Markdown.tsx').then((module) => ({ default: module.Markdown })),
)

/** Nearer to the end than this counts as reading along. */
const NEAR_END_PX = 120

interface ConversationProps {
  readonly sessionId: string
  readonly agentName: string
  readonly outgoing: Outgoing | null
}

/** All pages, one after another: the end of the conversation is what one came for. */
const useMessages = (sessionId: string) => {
  const query = useInfiniteQuery(messagesQuery(sessionId))
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = query
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && !isFetchNextPageError) void fetchNextPage()
  }, [hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage])
  return { query, messages: query.data === undefined ? undefined : oldestFirst(query.data.pages) }
}

/** Changes whenever the conversation may have become longer. */
const growthOf = (messages: readonly Message[] | undefined, outgoing: Outgoing | null): string =>
  [messages?.length, outgoing?.answer.length, outgoing?.state].join(' ')

export const Conversation = ({ sessionId, agentName, outgoing }: ConversationProps) => {
  const { query, messages } = useMessages(sessionId)
  const shown = outgoing === null ? messages : withoutStored(messages, outgoing)
  const scroll = useFollow(growthOf(shown, outgoing))
  const error = query.error === null ? null : toDisplayError(query.error)
  return (
    <div
      ref={scroll}
      className={classes['scroll']}
      tabIndex={0}
      role="region"
      aria-label="Messages"
    >
      <div className={classes['messages']} role="log" aria-busy={outgoing !== null}>
        {query.isPending ? <Loading /> : null}
        {error === null ? null : <ErrorNotice error={error} onRetry={() => void query.refetch()} />}
        {shown === undefined ? null : (
          <StoredMessages messages={shown} agentName={agentName} isAlone={outgoing === null} />
        )}
        {outgoing === null ? null : <OnItsWay outgoing={outgoing} agentName={agentName} />}
      </div>
    </div>
  )
}

interface StoredMessagesProps {
  readonly messages: readonly Message[]
  readonly agentName: string
  /** Nothing is on its way. */
  readonly isAlone: boolean
}

const StoredMessages = ({ messages, agentName, isAlone }: StoredMessagesProps) =>
  messages.length === 0 && isAlone ? (
    <EmptyState icon={<IconMessageCircle size={24} />} title="Nothing said yet">
      Messages are stored before the model is asked, so none is lost.
    </EmptyState>
  ) : (
    messages.map((message) => (
      <StoredMessage key={message.id} message={message} agentName={agentName} />
    ))
  )

/** The message on its way may already be in the list that was loaded. Pure. */
const withoutStored = (
  messages: readonly Message[] | undefined,
  outgoing: Outgoing,
): readonly Message[] | undefined =>
  messages?.filter((message) => message.id !== outgoing.stored?.id)

/** Keeps the end in sight while it grows, unless the reader has scrolled up. */
const useFollow = (growth: string) => {
  const element = useRef<HTMLDivElement>(null)
  const isFollowing = useRef(true)
  useEffect(() => {
    const scrolled = element.current
    if (scrolled === null) return
    const onScroll = (): void => {
      const below = scrolled.scrollHeight - scrolled.scrollTop - scrolled.clientHeight
      isFollowing.current = below < NEAR_END_PX
    }
    scrolled.addEventListener('scroll', onScroll, { passive: true })
    return () => {
      scrolled.removeEventListener('scroll', onScroll)
    }
  }, [])
  useLayoutEffect(() => {
    if (isFollowing.current) element.current?.scrollTo({ top: element.current.scrollHeight })
  }, [growth])
  return element
}

const Loading = () => (
  <div role="status" aria-label="Loading messages" className={classes['loading']}>
    <Placeholder height={44} width="55%" />
    <Placeholder height={90} width="80%" />
  </div>
)

const MarkdownText = ({ text }: { readonly text: string }) => (
  <Suspense fallback={<p className={classes['plain']}>{text}</p>}>
    <Markdown text={text} />
  </Suspense>
)

interface BubbleProps {
  readonly author: string
  readonly role: Message['role']
  readonly time?: string
  readonly children: ReactNode
}

const Bubble = ({ author, role, time, children }: BubbleProps) => (
  <article className={classes['message']} data-role={role} aria-label={`${author} said`}>
    <div className={classes['author']}>
      <span className={role === 'user' ? 'visually-hidden' : ''}>{author}</span>
      {time === undefined ? null : <time dateTime={time}>{formatClock(new Date(time))}</time>}
    </div>
    <div className={classes['content']}>{children}</div>
  </article>
)

interface StoredMessageProps {
  readonly message: Message
  readonly agentName: string
}

const StoredMessage = ({ message, agentName }: StoredMessageProps) => (
  <Bubble
    author={message.role === 'user' ? 'You' : agentName}
    role={message.role}
    time={message.created_at}
  >
    {message.role === 'user' ? (
      <p className={classes['plain']}>{message.content}</p>
    ) : (
      <MarkdownText text={message.content} />
    )}
  </Bubble>
)

interface OnItsWayProps {
  readonly outgoing: Outgoing
  readonly agentName: string
}

const STATE_WORDS = {
  sending: 'Sending…',
  answering: 'Answering…',
  reconnecting: 'Reconnecting… your message is kept and will not be sent twice',
} as const

const OnItsWay = ({ outgoing, agentName }: OnItsWayProps) => {
  const { state, answer, stored, content } = outgoing
  return (
    <>
      <Bubble author="You" role="user" {...(stored === null ? {} : { time: stored.created_at })}>
        <p className={classes['plain']}>{content}</p>
      </Bubble>
      {answer === '' ? null : (
        <Bubble author={agentName} role="assistant">
          <div className={classes['partial']} data-state={state}>
            <MarkdownText text={answer} />
          </div>
        </Bubble>
      )}
      {state === 'failed' ? (
        <FailedMessage outgoing={outgoing} />
      ) : (
        <p className={classes['state']} data-state={state} role="status">
          {state === 'reconnecting' ? (
            <IconRefresh size={14} aria-hidden="true" />
          ) : (
            <span className={classes['typing']} aria-hidden="true" />
          )}
          {STATE_WORDS[state]}
        </p>
      )}
    </>
  )
}

const FailedMessage = ({ outgoing }: { readonly outgoing: Outgoing }) => {
  const client = useQueryClient()
  return (
    <div className={classes['failed']}>
      {outgoing.error === null ? null : <ErrorNotice error={outgoing.error} />}
      <div className={classes['failedActions']}>
        <Button size="compact-sm" onClick={() => retryMessage(client, outgoing)}>
          Try again
        </Button>
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => discardMessage(client, outgoing.sessionId)}
        >
          Discard
        </Button>
        <span>Trying again never stores the message twice.</span>
      </div>
    </div>
  )
}
