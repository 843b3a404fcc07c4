/** What the commands for planned work share: the cluster's lock, etcd, the audit log and connections to its parts. */
import { plannedConfigOf } from '@neuronha/core/render/planned.ts'
import { loadTls } from '@neuronha/runtime/tls.ts'
import { createSocketEngine, type SocketEngine } from '../engine/engine.ts'
import type { Observer } from '../observe/create-observer.ts'
import { createPlannedDeps } from '../planned/create-planned-deps.ts'
import type { PlannedDeps } from '../planned/ports.ts'
import { actorHere, withAudit } from './audit.ts'
import {
  createClusterObserver,
  openCluster,
  type ClusterChoice,
  type CommandIo,
  type OpenCluster,
} from './context.ts'
import { lockForChange } from './change-lock.ts'
import { cliTlsFiles } from './open-kv.ts'

export interface PlannedCommand {
  readonly cluster: OpenCluster
  readonly observer: Observer
  readonly engine: SocketEngine
  readonly deps: PlannedDeps
}

/** Runs `act` with everything open, while nobody else may change the cluster. */
export async function withPlannedCommand<T>(
  io: CommandIo,
  choice: ClusterChoice,
  act: (command: PlannedCommand) => Promise<T>,
): Promise<T> {
  const cluster = await openCluster(io, choice)
  return withAudit(io, cluster, async ({ kv, sayMaintenance }) => {
    const lock = await lockForChange(io, cluster.spec.name, kv)
    try {
      await sayMaintenance()
      return await withPlannedDeps(io, cluster, act)
    } finally {
      await lock.release()
    }
  })
}

/** The same for a command that holds the lock already. */
export async function withPlannedDeps<T>(
  io: CommandIo,
  cluster: OpenCluster,
  act: (command: PlannedCommand) => Promise<T>,
): Promise<T> {
  const { spec, secrets } = cluster
  const observer = createClusterObserver(cluster)
  const engine = createSocketEngine({ cluster: spec.name })
  try {
    return await withAudit(io, cluster, async ({ kv, record }) => {
      const planned = createPlannedDeps(
        plannedConfigOf(spec, secrets),
        loadTls(cliTlsFiles(cluster)),
        {
          kv,
          record,
          progress: io.progress,
          signal: io.signal,
          actor: actorHere(),
          observe: () => observer.observe(),
        },
      )
      try {
        return await act({ cluster, observer, engine, deps: planned.deps })
      } finally {
        await planned.close()
      }
    })
  } finally {
    await Promise.all([observer.close(), engine.close()])
  }
}
