/** Every link of the console is built here; the URL is the state. */
import { linkOptions } from '@tanstack/react-router'
import type { EventsFilter } from './events/use-events.ts'

export const paths = {
  signIn: (returnTo?: string) =>
    linkOptions({ to: '/sign-in', search: returnTo === undefined ? {} : { return_to: returnTo } }),
  /** The topology; with a part's details when one is named. */
  cluster: (part?: string) =>
    linkOptions({ to: '/cluster', search: part === undefined ? {} : { part } }),
  /** The audit log, all of it or what a filter leaves. */
  events: ({ severity, kind }: EventsFilter = {}) =>
    linkOptions({
      to: '/events',
      search: {
        ...(severity === undefined ? {} : { severity }),
        ...(kind === undefined ? {} : { kind }),
      },
    }),
  agents: () => linkOptions({ to: '/agents' }),
  newAgent: () => linkOptions({ to: '/agents/new' }),
  /** A new conversation with an agent. */
  agent: (agentId: string) => linkOptions({ to: '/agents/$agentId', params: { agentId } }),
  session: (agentId: string, sessionId: string) =>
    linkOptions({
      to: '/agents/$agentId/sessions/$sessionId',
      params: { agentId, sessionId },
    }),
}

/** Only a path of this console may be returned to after signing in. */
export const safeReturnTo = (value: string | undefined): string =>
  value !== undefined && /^\/(?![/\\])/.test(value) ? value : '/cluster'
