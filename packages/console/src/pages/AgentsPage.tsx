/** The agents one can talk to. */
import { Button } from '@mantine/core'
import type { Agent } from '@neuronha/core/contracts/agent.ts'
import { IconChevronRight, IconPlus, IconRobot } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { can } from '../api/can.ts'
import { agentsQuery } from '../api/agents.ts'
import { toDisplayError } from '../api/errors.ts'
import { useAccount } from '../api/session.ts'
import { paths } from '../paths.ts'
import { EmptyState } from '../ui/EmptyState.tsx'
import { ErrorNotice } from '../ui/ErrorNotice.tsx'
import { formatAge } from '../ui/format.ts'
import { Page } from '../ui/Page.tsx'
import { Placeholder } from '../ui/Placeholder.tsx'
import classes from './AgentsPage.module.css'

export const AgentsPage = () => {
  const query = useInfiniteQuery(agentsQuery)
  const agents = query.data?.pages.flatMap(({ items }) => items)
  return (
    <Page title="Agents" actions={agents?.length === 0 ? null : <NewAgentButton />}>
      <div className={classes['body']}>
        {query.error === null ? null : (
          <ErrorNotice error={toDisplayError(query.error)} onRetry={() => void query.refetch()} />
        )}
        {query.isPending ? <Loading /> : null}
        {agents === undefined ? null : <AgentList agents={agents} />}
        {query.hasNextPage ? (
          <Button
            variant="default"
            loading={query.isFetchingNextPage}
            onClick={() => void query.fetchNextPage()}
          >
            Show more
          </Button>
        ) : null}
      </div>
    </Page>
  )
}

const NewAgentButton = () => {
  const permission = can.createAgent(useAccount())
  const shared = { leftSection: <IconPlus size={16} /> }
  return permission.allowed ? (
    <Button {...shared} renderRoot={(props: object) => <Link {...props} {...paths.newAgent()} />}>
      New agent
    </Button>
  ) : (
    <Button {...shared} disabled title={permission.reason}>
      New agent
    </Button>
  )
}

const Loading = () => (
  <div role="status" aria-label="Loading agents" className={classes['body']}>
    <Placeholder height={66} />
    <Placeholder height={66} />
    <Placeholder height={66} />
  </div>
)

const AgentList = ({ agents }: { readonly agents: readonly Agent[] }) => {
  if (agents.length === 0) {
    return (
      <EmptyState icon={<IconRobot size={24} />} title="No agents yet" action={<NewAgentButton />}>
        An agent is a name, a description and a system prompt. Its conversations live in the
        database and outlive every replica.
      </EmptyState>
    )
  }
  return (
    <ul className={classes['list']}>
      {agents.map((agent) => (
        <li key={agent.id}>
          <Link {...paths.agent(agent.id)} className={classes['agent']}>
            <span className={classes['main']}>
              <strong>{agent.name}</strong>
              <span className={classes['description']}>
                {agent.description === '' ? 'No description' : agent.description}
              </span>
            </span>
            <span className={classes['facts']}>
              <span className="mono">{agent.model_name}</span>
              <span>changed {formatAge(Date.now() - Date.parse(agent.updated_at))} ago</span>
            </span>
            <IconChevronRight size={16} aria-hidden="true" />
          </Link>
        </li>
      ))}
    </ul>
  )
}
