/** Creates an agent and goes on to talk to it. */
import { Button, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState, type SyntheticEvent } from 'react'
import { createAgent, type NewAgent } from '../api/agents.ts'
import { can } from '../api/can.ts'
import { fieldError, toDisplayError } from '../api/errors.ts'
import { useAccount } from '../api/session.ts'
import { paths } from '../paths.ts'
import { ErrorNotice } from '../ui/ErrorNotice.tsx'
import { Notice } from '../ui/Notice.tsx'
import { Page } from '../ui/Page.tsx'
import classes from './NewAgentPage.module.css'

interface KeyedAgent {
  /** Changes with the input: another agent is another request. */
  readonly idempotencyKey: string
  readonly input: NewAgent
}

const newKey = (): string => crypto.randomUUID()

export const NewAgentPage = () => {
  const [{ idempotencyKey, input }, setDraft] = useState<KeyedAgent>(() => ({
    idempotencyKey: newKey(),
    input: { name: '', description: '', system_prompt: '' },
  }))
  const client = useQueryClient()
  const navigate = useNavigate()
  const permission = can.createAgent(useAccount())
  const mutation = useMutation({
    mutationFn: () => createAgent(client, { ...input, name: input.name.trim() }, idempotencyKey),
    onSuccess: (agent) => navigate({ ...paths.agent(agent.id), replace: true }),
  })
  const error = mutation.error === null ? null : toDisplayError(mutation.error)
  const change = (change: Partial<NewAgent>): void =>
    setDraft((draft) => ({ idempotencyKey: newKey(), input: { ...draft.input, ...change } }))
  const onSubmit = (event: SyntheticEvent): void => {
    event.preventDefault()
    if (permission.allowed && !mutation.isPending) mutation.mutate()
  }

  return (
    <Page title="New agent" isNarrow>
      <form className={classes['form']} onSubmit={onSubmit}>
        {permission.allowed ? null : <Notice tone="warn" title={permission.reason} />}
        {error === null ? null : <ErrorNotice error={error} />}
        <TextInput
          label="Name"
          placeholder="Support"
          required
          autoFocus
          maxLength={200}
          value={input.name}
          error={fieldError(error, 'name')}
          onChange={(event) => change({ name: event.currentTarget.value })}
        />
        <TextInput
          label="Description"
          description="For people who choose an agent"
          maxLength={4000}
          value={input.description}
          error={fieldError(error, 'description')}
          onChange={(event) => change({ description: event.currentTarget.value })}
        />
        <Textarea
          label="System prompt"
          description="What the model is told before every conversation"
          autosize
          minRows={6}
          maxRows={18}
          maxLength={100_000}
          value={input.system_prompt}
          error={fieldError(error, 'system_prompt')}
          onChange={(event) => change({ system_prompt: event.currentTarget.value })}
        />
        <div className={classes['buttons']}>
          <Button type="submit" loading={mutation.isPending} disabled={!permission.allowed}>
            Create agent
          </Button>
          <Button
            variant="default"
            renderRoot={(props: object) => <Link {...props} {...paths.agents()} />}
          >
            Cancel
          </Button>
        </div>
      </form>
    </Page>
  )
}
