/** Waits for a primary: after a fault there may be none for a moment. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { primaryOf } from '../apply/wait.ts'

const LOOKS = 120
const PAUSE_MS = 500

/** The primary's container name. Throws CLUSTER_DEGRADED when none serves for about a minute. */
export async function waitForPrimary(observe: () => Promise<ClusterStatus>): Promise<string> {
  for (let looks = 0; looks < LOOKS; looks += 1) {
    const primary = primaryOf(await observe())
    if (primary !== undefined) return primary
    await sleep(PAUSE_MS)
  }
  throw new PlatformError('CLUSTER_DEGRADED', 'the cluster has no primary', {
    hint: 'What the drill wrote stays for now; the next drill deletes it.',
  })
}
