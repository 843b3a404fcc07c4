/** The pages and their addresses. Each page is a chunk of its own. */
import { severity } from '@neuronha/core/contracts/coordination.ts'
import { eventsQuery } from '@neuronha/core/contracts/events.ts'
import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router'
import { z } from 'zod'
import { sessionQuery } from './api/session.ts'
import { paths } from './paths.ts'
import { Shell } from './shell/Shell.tsx'
import { FirstLoad, NotFound, RouteError } from './shell/RouteStates.tsx'

interface RouterContext {
  readonly queryClient: QueryClient
}

const rootRoute = createRootRouteWithContext<RouterContext>()({
  component: Outlet,
  notFoundComponent: NotFound,
})

const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-in',
  validateSearch: z.object({ return_to: z.string().optional().catch(undefined) }),
  component: lazyRouteComponent(() => import('./pages/SignInPage.tsx'), 'SignInPage'),
})

/** Everything behind the sign-in. */
const signedInRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'signed-in',
  beforeLoad: async ({ context, location }) => {
    const session = await context.queryClient.query({ ...sessionQuery, staleTime: 'static' })
    if (session === null) redirect({ ...paths.signIn(location.href), replace: true, throw: true })
  },
  component: Shell,
})

const indexRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/',
  beforeLoad: () => {
    redirect({ ...paths.cluster(), replace: true, throw: true })
  },
})

const clusterRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/cluster',
  validateSearch: z.object({ part: z.string().max(200).optional().catch(undefined) }),
  component: lazyRouteComponent(() => import('./pages/ClusterPage.tsx'), 'ClusterPage'),
})

const eventsRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/events',
  validateSearch: z.object({
    severity: severity.optional().catch(undefined),
    kind: eventsQuery.shape.kind.catch(undefined),
  }),
  component: lazyRouteComponent(() => import('./pages/EventsPage.tsx'), 'EventsPage'),
})

const agentsRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/agents',
  component: lazyRouteComponent(() => import('./pages/AgentsPage.tsx'), 'AgentsPage'),
})

const newAgentRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/agents/new',
  component: lazyRouteComponent(() => import('./pages/NewAgentPage.tsx'), 'NewAgentPage'),
})

const agentRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/agents/$agentId',
  component: lazyRouteComponent(() => import('./pages/ChatPage.tsx'), 'NewSessionPage'),
})

const sessionRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/agents/$agentId/sessions/$sessionId',
  component: lazyRouteComponent(() => import('./pages/ChatPage.tsx'), 'SessionPage'),
})

const routeTree = rootRoute.addChildren([
  signInRoute,
  signedInRoute.addChildren([
    indexRoute,
    clusterRoute,
    eventsRoute,
    agentsRoute,
    newAgentRoute,
    agentRoute,
    sessionRoute,
  ]),
])

export const createConsoleRouter = (queryClient: QueryClient) =>
  createRouter({
    routeTree,
    context: { queryClient },
    defaultPreload: 'intent',
    defaultPreloadStaleTime: 0,
    defaultPendingMs: 300,
    defaultPendingComponent: FirstLoad,
    defaultErrorComponent: RouteError,
    scrollRestoration: true,
  })

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createConsoleRouter>
  }
}
