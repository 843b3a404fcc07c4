/** May a drill run now? */
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { sleep } from '@neuronha/runtime/clock.ts'

type Options = {
  readonly confirmedName?: string
  /** Whatever the cluster file says, its name must be typed. Default: false. */
  readonly destroysCluster?: boolean
  /** It is about backups: none may be made just now. Default: false. */
  readonly needsQuietBackups?: boolean
  /** What the cluster file lacks for it. */
  readonly lacks?: string | null
}

/** A standby that lags for a second, or a replica that has just been replaced, is over by then. */
const SETTLED_AFTER_MS = 15_000
const LOOK_EVERY_MS = 1000
/** A backup that is being made is waited for so long. */
const BACKUP_OVER_MS = 900_000
const BACKUP_RUNS = 'a backup is being made'

/**
 * Why a drill may not run; nothing when it may. A cluster that is only degraded is looked at again for a while: one look
 * that met a busy moment must not end a suite.
 */
export async function findRefusals(
  observe: () => Promise<ClusterStatus>,
  spec: Pick<ClusterSpec, 'name' | 'production'>,
  options: Options,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const untilMs = performance.now() + SETTLED_AFTER_MS
  const backupsUntilMs = performance.now() + BACKUP_OVER_MS
  for (;;) {
    const status = await observe()
    const reasons = refusalsOf(status, spec, options)
    const isOnlyBackedUp = reasons.length === 1 && reasons[0] === BACKUP_RUNS
    if (isOnlyBackedUp && performance.now() < backupsUntilMs) {
      await sleep(LOOK_EVERY_MS, signal)
      continue
    }
    const isOnlyDegraded = status.health === 'degraded' && reasons.length === 1
    if (!isOnlyDegraded || performance.now() > untilMs) return reasons
    await sleep(LOOK_EVERY_MS, signal)
  }
}

/** What speaks against it in one look. Pure. A drill on a cluster that limps already proves nothing and may hurt. */
export function refusalsOf(
  status: ClusterStatus,
  spec: Pick<ClusterSpec, 'name' | 'production'>,
  options: Options,
): readonly string[] {
  const reasons: string[] = []
  if (options.lacks != null) reasons.push(options.lacks)
  if (options.needsQuietBackups === true && status.backups.running !== null)
    reasons.push(BACKUP_RUNS)
  if (spec.production && options.confirmedName !== spec.name) {
    reasons.push(`${spec.name} is in production: a drill needs the cluster’s name, typed`)
  }
  if (options.destroysCluster === true && options.confirmedName !== spec.name) {
    reasons.push(
      `it destroys ${spec.name}, and brings back what is backed up: it needs the cluster’s name, typed (--yes-i-mean-it ${spec.name})`,
    )
  }
  if (status.health !== 'healthy') {
    const why = status.reasons.length === 0 ? '' : `: ${status.reasons.join('; ')}`
    reasons.push(`the cluster is ${status.health}${why}`)
  }
  if (status.patroni_paused) reasons.push('Patroni is paused: nothing would fail over')
  return reasons
}
