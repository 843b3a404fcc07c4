import { PlatformError } from '@neuronha/core/errors.ts'
import { expect, test } from 'vitest'
import { aContext, aMember, aStatus } from '../testing.ts'
import { controllerKilledWhilePaused } from './controller-killed-while-paused.ts'
import type { Stage } from './scenario.ts'

test('a switchover that is refused while the drill looks for paused poolers ends the drill with its words', async () => {
  const status = aStatus({ members: [aMember('demo-member-1', 'primary')], poolers: [] })
  const refusal = new PlatformError('COMMAND_FAILED', 'neuronha switchover failed (exit 3)')
  const runCommand = () => Promise.reject(refusal)
  const act = await controllerKilledWhilePaused.plan(aContext({ runCommand }), status)
  const stage = {
    nowMs: () => 0,
    note: () => undefined,
    sleep: () => Promise.resolve(),
    // A look takes longer than the refusal, which nobody may have left unheard meanwhile.
    observe: () => new Promise((resolve) => setTimeout(() => resolve(status), 50)),
  } as unknown as Stage
  await expect(act.inject(stage)).rejects.toBe(refusal)
})
