/**
 * A client's connections are bounded, as a pool of any application is: what is beyond them waits in this
 * process, with its latency counted all the same. Without the bound, a stall on a busy machine ends in more
 * requests at once than can be answered within a try's time, and in a storm of handshakes: it never ends.
 */
import type { Slots } from '@neuronha/runtime/postgres/slots.ts'
import type { TryLimits, TryOutcome } from './retry.ts'

/** Waits for a slot as long as the request may live; the try's own time begins when it has one. */
export async function withSlot<T>(
  slots: Slots,
  { timeoutMs, leftMs }: TryLimits,
  work: (timeoutMs: number) => Promise<TryOutcome<T>>,
): Promise<TryOutcome<T>> {
  const startMs = performance.now()
  try {
    await slots.acquire(AbortSignal.timeout(leftMs))
  } catch {
    return { kind: 'retry', reason: 'no connection free' }
  }
  try {
    const stillLeftMs = leftMs - (performance.now() - startMs)
    return await work(Math.max(1, Math.floor(Math.min(timeoutMs, stillLeftMs))))
  } finally {
    slots.release()
  }
}
