/** Where a drill writes down what is to be mended if it dies, and what came of it. */
import type { DrillResult } from '@neuronha/core/contracts/drill-result.ts'
import type { Finaliser } from './finaliser.ts'

export interface DrillRecords {
  /** The record of a drill that did not get to its end, if there is one. */
  readonly loadUnfinished: () => Promise<Finaliser | undefined>
  /** Resolves when it would outlive this process. */
  readonly saveUnfinished: (record: Finaliser) => Promise<void>
  readonly clearUnfinished: () => Promise<void>
  /** Returns the result as it was kept. */
  readonly keepResult: (startedAt: Date, result: DrillResult) => Promise<DrillResult>
}
