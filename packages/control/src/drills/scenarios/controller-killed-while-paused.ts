/**
 * controller-killed-while-paused: whoever holds the clients dies in the middle of a switchover. PAUSE outlives the
 * connection that asked for it, so the poolers must let the clients go by themselves.
 */
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { agentLoad, findPrimary, serving } from './parts.ts'
import type { Check, Scenario, Stage } from './scenario.ts'

/** The poolers' own limit is 10 s. */
const RESUMED_WITHIN_MS = 15_000
const LOOK_EVERY_MS = 20
const GIVE_UP_MS = 60_000

const isPaused = ({ poolers }: ClusterStatus): boolean =>
  poolers.some(({ databases }) => databases.some(({ paused }) => paused))

/** Resolves when a pooler holds its clients; false when the switchover ended first. */
async function untilPaused(stage: Stage, ended: () => boolean): Promise<boolean> {
  const untilMs = stage.nowMs() + GIVE_UP_MS
  while (!ended() && stage.nowMs() < untilMs) {
    if (isPaused(await stage.observe())) return true
    await stage.sleep(LOOK_EVERY_MS)
  }
  return false
}

export const controllerKilledWhilePaused: Scenario = {
  name: 'controller-killed-while-paused',
  group: 'planned',
  kind: 'failover',
  does: 'kills a switchover (SIGKILL) while the poolers hold the clients; the poolers resume by themselves within 10 s, and no client sees an error',
  blastRadius: 'writes wait for up to 10 s',
  bounds: { rtoMs: RESUMED_WITHIN_MS, wholeAgainMs: 120_000 },
  load: agentLoad,
  plan: ({ runCommand }, status) => {
    const { name } = findPrimary(status)
    const seen = { killed: false }
    const wasKilled: Check = {
      what: 'the switchover was killed while clients were held',
      judge: () => (seen.killed ? null : 'it had ended before anybody saw a paused pooler'),
    }
    return Promise.resolve({
      target: name,
      what: 'a switchover begins, and is killed while the poolers hold the clients',
      heal: [],
      inject: async (stage) => {
        const kill = new AbortController()
        const progress = { ended: false }
        const running = runCommand(['switchover'], { killOn: kill.signal }).finally(() => {
          progress.ended = true
        })
        // It may fail during a look, before anybody waits for it.
        running.catch(() => undefined)
        try {
          seen.killed = await untilPaused(stage, () => progress.ended)
          if (seen.killed) stage.note('the switchover is killed while clients are held')
        } finally {
          kill.abort()
          await running
        }
      },
      hasReturned: serving([name]),
      checks: [wasKilled],
    })
  },
}
