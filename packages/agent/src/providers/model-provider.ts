/**
 * The port to whatever answers. A local model answers at once, without network, so its answer can be stored in
 * the transaction of the question; a remote one is asked while no database connection is held.
 */
import type { Conversation } from '../queries/messages.ts'

/** What a model is given: everything but the row's own bookkeeping. */
export type ModelRequest = Conversation

export interface LocalModel {
  readonly kind: 'local'
  readonly name: string
  /** The answer in the pieces in which it is streamed. */
  answer(request: ModelRequest): readonly string[]
}

export interface AskOptions {
  readonly signal: AbortSignal
  readonly onChunk: (text: string) => void
}

export interface RemoteModel {
  readonly kind: 'remote'
  readonly name: string
  /** The whole answer, after each piece was given to `onChunk`. Throws MODEL_FAILED, UNAVAILABLE or UPSTREAM_TIMEOUT. */
  answer(request: ModelRequest, options: AskOptions): Promise<string>
}

export type ModelProvider = LocalModel | RemoteModel
