/** What a path of the load generator can do: one request, tried once. */
import type { TryLimits, TryOutcome } from './retry.ts'

export interface LoadRequest {
  readonly seq: number
  /** The same for every try of a request: Idempotency-Key, or the row's id. */
  readonly id: string
  readonly limits: TryLimits
}

/** Reads an acknowledged write back; false when it does not show. */
export type ReadBack = (limits: TryLimits) => Promise<TryOutcome<boolean>>

export interface Acknowledgement {
  /** Present when this write is to be read back at once. */
  readonly readBack?: ReadBack
}

export interface Sender {
  readonly send: (request: LoadRequest) => Promise<TryOutcome<Acknowledgement>>
  readonly close: () => Promise<void>
}
