/** restore-to-time: a copy beside the cluster is as the cluster was at a second: what came before is there, what came after is not. */
import { planRestoreBeside, RESTORED_SHARED } from './restore-beside.ts'
import type { Scenario, Stage } from './scenario.ts'
import type { RestoredWrites } from './restored-writes.ts'

/** Writes on both sides of the second. */
const BESIDE_MS = 5000

async function nextSecond({ nowMs, sleep }: Stage): Promise<{ to: string; atMs: number }> {
  await sleep(BESIDE_MS)
  const begunAt = Date.now() - nowMs()
  const second = Math.ceil(Date.now() / 1000) * 1000
  await sleep(second - Date.now() + BESIDE_MS)
  return { to: new Date(second).toISOString(), atMs: second - begunAt }
}

const NOTHING_EARLY = {
  what: 'no write that was begun after the second is in the copy',
  problemOf: ({ after, early }: RestoredWrites) => {
    if (after === 0) return 'there was none'
    return early === 0 ? null : `${early} of ${after} are there`
  },
}

export const restoreToTime: Scenario = {
  ...RESTORED_SHARED,
  name: 'restore-to-time',
  does: 'restores the database as it was at a second into a small cluster beside, under load; every write from before is in it, and none from after',
  plan: (context, status) =>
    planRestoreBeside(context, status, { choose: nextSecond, promises: [NOTHING_EARLY] }),
}
