/** The audit log as those see it who write to it. */
import type { NewEvent } from '@neuronha/core/contracts/coordination.ts'

export interface EventLog {
  /** Notes an event and returns at once: a decision never waits for its own record. */
  record(event: NewEvent): void
  /** Waits until everything noted so far is in etcd, or the deadline has passed. */
  flush(deadlineMs: number): Promise<void>
}
