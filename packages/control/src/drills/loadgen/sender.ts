/** What a path of the load generator can do: one request, tried once. */
import type { TryLimits, TryOutcome } from './retry.ts'

export interface LoadRequest {
  readonly seq: number
  /** The same for every try of a request: Idempotency-Key, or the row's id. */
  readonly id: string
  readonly limits: TryLimits
}

export interface ReadAnswer {
  /** Does the write show? */
  readonly isFresh: boolean
  /** Address of the member that answered, where the path knows it. */
  readonly member: string | null
}

/** Reads an acknowledged write back. */
export type ReadBack = (limits: TryLimits) => Promise<TryOutcome<ReadAnswer>>

/** Who acknowledged a write, in the words of the very statement that made it. */
export interface AcknowledgedBy {
  readonly member: string
  readonly timeline: number
}

export interface Acknowledgement {
  /** Absent on the HTTP path, whose answers do not tell. */
  readonly by?: AcknowledgedBy
  /** Present when this write is to be read back at once. */
  readonly readBack?: ReadBack
}

export interface Sender {
  readonly send: (request: LoadRequest) => Promise<TryOutcome<Acknowledgement>>
  readonly close: () => Promise<void>
}
