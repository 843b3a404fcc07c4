/** The controller's view, through the edge: any controller answers, the active one or its standby. */
import { clusterStatus, type ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { eventsPage, type EventsPage, type EventsQuery } from '@neuronha/core/contracts/events.ts'
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import type { Clock } from '@neuronha/runtime/clock.ts'
import type { UpstreamClient, UpstreamRequest } from '@neuronha/runtime/upstream-client.ts'
import type { z } from 'zod'
import { shareCalls, shareCallsBy } from './share-calls.ts'

const TIMEOUT_MS = 3000
/** The controller looks once a second; a view of half a second ago is as good as a new one. */
const MAX_AGE_MS = 500

/** One question to whichever controller answers, by its contract. */
const askController = async <T>(
  controller: Pick<UpstreamClient, 'json'>,
  request: Pick<UpstreamRequest, 'path' | 'query'>,
  schema: z.ZodType<T>,
): Promise<T> => {
  let answer: unknown
  try {
    answer = await controller.json({ method: 'GET', timeoutMs: TIMEOUT_MS, ...request })
  } catch (thrown) {
    const error = toPlatformError(thrown)
    if (error.code === 'UPSTREAM_TIMEOUT') throw error
    throw new PlatformError('UPSTREAM_FAILED', 'No controller answers', {
      hint: 'The cluster itself goes on without them; `neuronha status` and `neuronha events` look without them, too.',
      cause: thrown,
    })
  }
  const parsed = schema.safeParse(answer)
  if (parsed.success) return parsed.data
  throw new PlatformError(
    'UPSTREAM_FAILED',
    'The controller answered with something that is not its contract',
    {
      cause: parsed.error,
    },
  )
}

/** The status, at most half a second old. Throws UPSTREAM_FAILED or UPSTREAM_TIMEOUT when no controller answers. */
export const createClusterSource = (
  controller: Pick<UpstreamClient, 'json'>,
  clock: Clock,
): (() => Promise<ClusterStatus>) =>
  shareCalls(
    () => askController(controller, { path: '/v1/cluster' }, clusterStatus),
    MAX_AGE_MS,
    clock,
  )

/** The audit log, at most half a second old. Throws as `createClusterSource` does. */
export const createEventsSource = (
  controller: Pick<UpstreamClient, 'json'>,
  clock: Clock,
): ((query: EventsQuery) => Promise<EventsPage>) =>
  shareCallsBy(
    (query: EventsQuery) => askController(controller, { path: '/v1/events', query }, eventsPage),
    MAX_AGE_MS,
    clock,
  )
