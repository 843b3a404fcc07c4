/** What a path of the load generator can do: one request, tried once. */
import type { TryOutcome } from './retry.ts'

export interface LoadRequest {
  readonly seq: number
  /** The same for every try of a request: Idempotency-Key, or the row's id. */
  readonly id: string
  readonly timeoutMs: number
  /** 0 for the first try. */
  readonly tryIndex: number
}

/** Reads an acknowledged write back; false when it does not show. */
export type ReadBack = (timeoutMs: number, tryIndex: number) => Promise<TryOutcome<boolean>>

export interface Acknowledgement {
  /** Present when this write is to be read back at once. */
  readonly readBack?: ReadBack
}

export interface Sender {
  readonly send: (request: LoadRequest) => Promise<TryOutcome<Acknowledgement>>
  readonly close: () => Promise<void>
}
