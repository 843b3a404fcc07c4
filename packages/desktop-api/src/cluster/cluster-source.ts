/** The controller's view, through the edge: any controller answers, the active one or its standby. */
import { clusterStatus, type ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import type { Clock } from '@neuronha/runtime/clock.ts'
import type { UpstreamClient } from '@neuronha/runtime/upstream-client.ts'
import { shareCalls } from './share-calls.ts'

const TIMEOUT_MS = 3000
/** The controller looks once a second; a view of half a second ago is as good as a new one. */
const MAX_AGE_MS = 500

const load = async (controller: Pick<UpstreamClient, 'json'>): Promise<ClusterStatus> => {
  let answer: unknown
  try {
    answer = await controller.json({ method: 'GET', path: '/v1/cluster', timeoutMs: TIMEOUT_MS })
  } catch (thrown) {
    const error = toPlatformError(thrown)
    if (error.code === 'UPSTREAM_TIMEOUT') throw error
    throw new PlatformError('UPSTREAM_FAILED', 'No controller answers', {
      hint: 'The cluster itself goes on without them; `neuronha status` looks without them, too.',
      cause: thrown,
    })
  }
  const parsed = clusterStatus.safeParse(answer)
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
): (() => Promise<ClusterStatus>) => shareCalls(() => load(controller), MAX_AGE_MS, clock)
