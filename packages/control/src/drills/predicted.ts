/** What the model predicts for a drill, and how that compares with what was measured. */
import type { DrillResult } from '@neuronha/core/contracts/drill-result.ts'
import { seconds } from '@neuronha/core/predict/format-prediction.ts'
import {
  comparePrediction,
  isFailureKind,
  predictRto,
  type PredictedPath,
} from '@neuronha/core/predict/predict-rto.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'

/** Null: the model does not know this drill, or says that it does not mend itself. */
export function predictionOf(
  spec: ClusterSpec,
  drill: string,
  withController: boolean,
): PredictedPath | null {
  if (!isFailureKind(drill)) return null
  const { withControllers, withoutControllers } = predictRto(spec, drill)
  return withController ? withControllers : withoutControllers
}

/** `predicted 1.5 s, at most 3.2 s: as predicted`; undefined when there is nothing to compare. */
export function predictedWords({
  predicted,
  rtoMs,
}: Pick<DrillResult, 'predicted' | 'rtoMs'>): string | undefined {
  if (predicted === null || rtoMs === null) return undefined
  const figures = `predicted ${seconds(predicted.typicalMs)}, at most ${seconds(predicted.worstMs)}`
  return `${figures}: ${comparePrediction(predicted, rtoMs)}`
}
