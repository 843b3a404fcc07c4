/** Waits for a primary: after a fault, or for a look at a busy machine, there may be none for a moment. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { primaryOf } from '../apply/wait.ts'

const LOOKS = 120
const PAUSE_MS = 500

/** The cluster with its primary. Throws CLUSTER_DEGRADED when none serves for about a minute. */
export async function observeWithPrimary(
  observe: () => Promise<ClusterStatus>,
  signal?: AbortSignal,
): Promise<{ readonly status: ClusterStatus; readonly primary: string }> {
  for (let looks = 0; looks < LOOKS; looks += 1) {
    const status = await observe()
    const primary = primaryOf(status)
    if (primary !== undefined) return { status, primary }
    await sleep(PAUSE_MS, undefined, signal === undefined ? {} : { signal })
  }
  throw new PlatformError('CLUSTER_DEGRADED', 'the cluster has no primary', {
    hint: 'What the drill wrote stays for now; the next drill deletes it.',
  })
}

/** The primary's container name; throws as `observeWithPrimary` does. */
export const waitForPrimary = async (observe: () => Promise<ClusterStatus>): Promise<string> =>
  (await observeWithPrimary(observe)).primary
