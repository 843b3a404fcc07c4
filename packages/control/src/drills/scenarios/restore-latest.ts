/** restore-latest: a copy beside the cluster has everything that was acknowledged before it was asked for. */
import { planRestoreBeside, RESTORED_SHARED } from './restore-beside.ts'
import type { Scenario } from './scenario.ts'

export const restoreLatest: Scenario = {
  ...RESTORED_SHARED,
  name: 'restore-latest',
  does: 'restores the newest backup and all archived WAL into a small cluster beside, under load; every write that was acknowledged before is in it',
  plan: (context, status) =>
    planRestoreBeside(context, status, {
      choose: (stage) => Promise.resolve({ to: 'latest', atMs: stage.nowMs() }),
    }),
}
