/** A conversation with an agent: its sessions at the side, messages, and a line to write in. */
import { Drawer } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { Agent } from '@neuronha/core/contracts/agent.ts'
import { IconHistory } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { useEffect, useState, type ReactNode } from 'react'
import { agentQuery, createSession } from '../api/agents.ts'
import { toDisplayError, type DisplayError } from '../api/errors.ts'
import { Composer } from '../agents/Composer.tsx'
import { Conversation } from '../agents/Conversation.tsx'
import { outgoingQuery, postMessage, resumeMessage } from '../agents/outbox.ts'
import { SessionList } from '../agents/SessionList.tsx'
import { titleOf } from '../agents/title.ts'
import { paths } from '../paths.ts'
import { ErrorNotice } from '../ui/ErrorNotice.tsx'
import { useTitle } from '../ui/Page.tsx'
import { Placeholder } from '../ui/Placeholder.tsx'
import classes from './ChatPage.module.css'

const agentRoute = getRouteApi('/signed-in/agents/$agentId')
const sessionRoute = getRouteApi('/signed-in/agents/$agentId/sessions/$sessionId')

/** `/agents/$agentId`: the first message makes the session. */
export const NewSessionPage = () => {
  const { agentId } = agentRoute.useParams()
  return (
    <ChatFrame agentId={agentId} sessionId={null}>
      {(agent) => <NewSession key={agentId} agent={agent} />}
    </ChatFrame>
  )
}

export const SessionPage = () => {
  const { agentId, sessionId } = sessionRoute.useParams()
  return (
    <ChatFrame agentId={agentId} sessionId={sessionId}>
      {(agent) => <OpenSession key={sessionId} agent={agent} sessionId={sessionId} />}
    </ChatFrame>
  )
}

interface ChatFrameProps {
  readonly agentId: string
  readonly sessionId: string | null
  readonly children: (agent: Agent) => ReactNode
}

const ChatFrame = ({ agentId, sessionId, children }: ChatFrameProps) => {
  const { data: agent, error, refetch } = useQuery(agentQuery(agentId))
  const [isListOpen, list] = useDisclosure(false)
  useTitle(agent?.name ?? 'Agent')
  const sessions = <SessionList agentId={agentId} sessionId={sessionId} onChosen={list.close} />
  return (
    <div className={classes['frame']}>
      <aside className={classes['sessions']} aria-label="Sessions">
        {sessions}
      </aside>
      <div className={classes['chat']}>
        <header className={classes['header']}>
          <div className={classes['title']}>
            <Link {...paths.agents()}>Agents</Link>
            <span aria-hidden="true">/</span>
            <h1>{agent?.name ?? <Placeholder height={16} width={120} />}</h1>
          </div>
          <button type="button" className={classes['sessionsButton']} onClick={list.open}>
            <IconHistory size={16} aria-hidden="true" />
            Sessions
          </button>
        </header>
        {error !== null && agent === undefined ? (
          <div className={classes['error']}>
            <ErrorNotice error={toDisplayError(error)} onRetry={() => void refetch()} />
          </div>
        ) : null}
        {agent === undefined ? null : children(agent)}
      </div>
      <Drawer
        opened={isListOpen}
        onClose={list.close}
        title="Sessions"
        size={300}
        closeButtonProps={{ 'aria-label': 'Close the sessions' }}
      >
        {sessions}
      </Drawer>
    </div>
  )
}

interface FirstMessage {
  readonly content: string
  readonly sessionKey: string
  readonly messageKey: string
}

const NewSession = ({ agent }: { readonly agent: Agent }) => {
  const client = useQueryClient()
  const navigate = useNavigate()
  const [isStarting, setStarting] = useState(false)
  const [error, setError] = useState<DisplayError | null>(null)
  const [failed, setFailed] = useState<FirstMessage | null>(null)

  const start = async (first: FirstMessage): Promise<void> => {
    setStarting(true)
    setError(null)
    try {
      const session = await createSession(client, agent.id, {
        title: titleOf(first.content),
        idempotencyKey: first.sessionKey,
      })
      postMessage(client, {
        sessionId: session.id,
        agentId: agent.id,
        content: first.content,
        idempotencyKey: first.messageKey,
      })
      await navigate({ ...paths.session(agent.id, session.id), replace: true })
    } catch (thrown) {
      setError(toDisplayError(thrown))
      setFailed(first)
      setStarting(false)
    }
  }
  const onSend = (content: string): void => {
    const isSame = failed?.content === content
    void start({
      content,
      // The same words again are the same request; other words are another.
      sessionKey: isSame ? failed.sessionKey : crypto.randomUUID(),
      messageKey: crypto.randomUUID(),
    })
  }

  return (
    <>
      <div className={classes['greeting']}>
        <h2>{agent.name}</h2>
        <p>{agent.description === '' ? 'Say something to begin.' : agent.description}</p>
        {error === null ? null : <ErrorNotice error={error} />}
      </div>
      <Composer
        agentName={agent.name}
        busy={isStarting ? 'Opening a session…' : null}
        initialText={failed?.content ?? ''}
        onSend={onSend}
      />
    </>
  )
}

interface OpenSessionProps {
  readonly agent: Agent
  readonly sessionId: string
}

const OpenSession = ({ agent, sessionId }: OpenSessionProps) => {
  const client = useQueryClient()
  const { data: outgoing } = useQuery(outgoingQuery(sessionId))
  useEffect(() => {
    resumeMessage(client, sessionId)
  }, [client, sessionId])
  const onSend = (content: string): void =>
    postMessage(client, {
      sessionId,
      agentId: agent.id,
      content,
      idempotencyKey: crypto.randomUUID(),
    })
  return (
    <>
      <Conversation sessionId={sessionId} agentName={agent.name} outgoing={outgoing} />
      <Composer
        agentName={agent.name}
        busy={outgoing === null ? null : 'Waiting for the answer'}
        initialText=""
        onSend={onSend}
      />
    </>
  )
}
