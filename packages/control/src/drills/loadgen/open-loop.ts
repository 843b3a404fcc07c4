/**
 * An open loop: request n is due at n/rate, whatever became of the requests before it, so that a stall
 * shows in the latency of every request that a user would have sent meanwhile (no coordinated omission).
 */
export interface OpenLoopOptions {
  readonly ratePerSecond: number
  readonly seconds: number
  readonly maxInFlight: number
  /** Monotonic milliseconds since the load began. */
  readonly nowMs: () => number
  readonly sleep: (ms: number) => Promise<void>
  /** Stops the scheduling; what is in flight goes on. */
  readonly signal: AbortSignal
  /** Never rejects. */
  readonly send: (seq: number, scheduledMs: number) => Promise<void>
  /** Called instead of `send` when too many are in flight: recorded, never dropped silently. */
  readonly overload: (seq: number, scheduledMs: number) => void
}

/** Runs to the end of its time, then waits for what is in flight. Returns when it stopped scheduling. */
export async function runOpenLoop(options: OpenLoopOptions): Promise<number> {
  const periodMs = 1000 / options.ratePerSecond
  const total = Math.floor(options.seconds * options.ratePerSecond)
  const inFlight = new Set<Promise<void>>()
  let seq = 0

  while (seq < total && !options.signal.aborted) {
    while (seq < total && seq * periodMs <= options.nowMs()) {
      issue(options, inFlight, seq, seq * periodMs)
      seq += 1
    }
    await options.sleep(Math.max(1, seq * periodMs - options.nowMs()))
  }
  const scheduledUntilMs = Math.min(options.nowMs(), total * periodMs)
  await Promise.all(inFlight)
  return scheduledUntilMs
}

function issue(
  options: OpenLoopOptions,
  inFlight: Set<Promise<void>>,
  seq: number,
  scheduledMs: number,
): void {
  if (inFlight.size >= options.maxInFlight) {
    options.overload(seq, scheduledMs)
    return
  }
  const request = options.send(seq, scheduledMs).finally(() => inFlight.delete(request))
  inFlight.add(request)
}
