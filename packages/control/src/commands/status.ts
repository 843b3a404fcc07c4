/** `status`: the topology as it is now; `--watch` keeps it on the screen. */
import { predictedLine } from '@neuronha/core/predict/format-prediction.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { renderStatus } from '../status/render-status.ts'
import { watchStatus } from '../status/watch-status.ts'
import {
  createClusterObserver,
  openCluster,
  type ClusterChoice,
  type CommandIo,
} from './context.ts'

export interface StatusOptions extends ClusterChoice {
  readonly watch: boolean
}

/** What changes slowly is asked less often while watching: each question to Patroni is a TLS handshake. */
const WATCH_SLOW_MS = 1500

/** @throws PlatformError CLUSTER_DEGRADED (exit 1) after printing, when it is not healthy. */
export async function status(io: CommandIo, options: StatusOptions): Promise<void> {
  const cluster = await openCluster(io, options)
  const observer = createClusterObserver(cluster, options.watch ? WATCH_SLOW_MS : 0)
  try {
    if (options.watch && !io.json) {
      await watchStatus({
        observe: () => observer.observe(),
        intervalMs: 1000,
        out: process.stdout,
        signal: io.signal,
      })
      return
    }
    const seen = await observer.observe()
    io.out(
      io.json
        ? JSON.stringify(seen, null, 2)
        : renderStatus(seen, {
            color: io.color,
            width: io.width,
            predicted: predictedLine(cluster.spec),
          }),
    )
    if (seen.health !== 'healthy') {
      throw new PlatformError(
        'CLUSTER_DEGRADED',
        `cluster ${seen.cluster} is ${seen.health}: ${seen.reasons[0] ?? ''}`,
      )
    }
  } finally {
    await observer.close()
  }
}
