/** The last step of a switchover: clients go on already, and the cluster becomes what it was. */
import { PlatformError } from '@neuronha/core/errors.ts'
import type { PlannedDeps } from './ports.ts'
import { readLeader } from './switchover-facts.ts'

const DEADLINE_MS = 60_000
/** Nobody waits for it. */
const LOOK_EVERY_MS = 300

interface BegunSwitchover {
  readonly deps: PlannedDeps
  readonly from: string
  /** Who may become the primary; more than one race for it. */
  readonly runners: readonly string[]
}

/**
 * Waits until the new primary owns the lock and the list of synchronous standbys, and the old one follows it. Returns its
 * name. @throws PlatformError NOT_HEALTHY_IN_TIME, also when the signal aborts: what was begun goes on without us.
 */
export async function verifySwitchover(run: BegunSwitchover): Promise<string> {
  const { deps } = run
  const deadline = deps.clock.now() + DEADLINE_MS
  for (;;) {
    const { primary, missing } = await lookForEnd(run)
    if (primary !== undefined) return primary
    if (deps.clock.now() > deadline || deps.signal.aborted) {
      const why = deps.signal.aborted ? 'nobody waited for its end' : 'it did not end as asked'
      throw new PlatformError(
        'NOT_HEALTHY_IN_TIME',
        `the switchover from ${run.from} was begun, and ${why}: ${missing}`,
        { hint: 'Clients are no longer held. `./neuronha status` shows where the cluster stands.' },
      )
    }
    await deps.clock.sleep(LOOK_EVERY_MS)
  }
}

async function lookForEnd({
  deps,
  from,
  runners,
}: BegunSwitchover): Promise<{ primary: string | undefined; missing: string }> {
  const [{ leader, sync }, status] = await Promise.all([
    readLeader(deps.kv, deps.cluster),
    deps.observe(),
  ])
  const isOwner =
    leader !== null &&
    runners.includes(leader) &&
    (deps.syncStandbys === 0 || sync.leader === leader)
  if (!isOwner) {
    const [holder, owner] = [leader ?? 'nobody', sync.leader ?? 'nobody']
    const missing = `the lock is held by ${holder}, the synchronous standbys are of ${owner}`
    return { primary: undefined, missing }
  }
  const state = status.members.find(({ name }) => name === from)?.state ?? 'unknown'
  if (state === 'streaming') return { primary: leader, missing: '' }
  const missing = `${leader} is the primary, and ${from} does not follow it yet (${state})`
  return { primary: undefined, missing }
}
