/** The end of what was asked for: the outcome is written and the request taken away, in one step. */
import { PlatformError } from '@neuronha/core/errors.ts'
import { backoffMs, sleep } from '@neuronha/runtime/clock.ts'
import type { Kv, Operation } from '../etcd/kv.ts'

/** etcd may be electing just when hours of work are done. */
const PATIENCE_MS = 300_000

/** Nobody sees the request gone and the outcome not there; a request that is somebody else's by now stays. */
export async function endRequest(
  kv: Pick<Kv, 'get' | 'transaction'>,
  key: string,
  outcome: Operation,
  isOurs: (value: string) => boolean,
): Promise<void> {
  const untilMs = performance.now() + PATIENCE_MS
  for (let attempt = 0; ; attempt += 1) {
    try {
      const present = await kv.get(key)
      const { succeeded } =
        present !== undefined && isOurs(present.value)
          ? await kv.transaction(
              [{ key, modRevision: present.modRevision }],
              [outcome, { delete: key }],
            )
          : await kv.transaction([], [outcome])
      if (succeeded) return
      throw new PlatformError('CONFLICT', 'the request was changed just now')
    } catch (thrown) {
      if (performance.now() > untilMs) throw thrown
      await sleep(backoffMs(attempt, 250, 5000))
    }
  }
}
