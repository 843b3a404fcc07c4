/**
 * How long writes would pause, per kind of failure: one model, from the cluster file's timings to a sum of named
 * terms. `plan`, `status` and `drill list` print it, alerts wait for it, and drill reports hold it against what
 * they measured. RTO is counted as drills count it: from the last acknowledged write to the next.
 *
 * Each term has a typical and a worst value. For what is polled these are half the interval and the whole of it; for
 * what was measured, a median and what a busy machine needs. Worst values are added up, which is more than will
 * happen together.
 */
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import { PROFILES } from '../spec/profiles.ts'
import { patroniTimingOf } from '../spec/rules.ts'
import { FAILURES, type FailureKind, type FailureModel } from './failures.ts'
import { sumOf, type PredictedPath, type Term, type Timings } from './terms.ts'

export type { FailureKind } from './failures.ts'
export { FAILURE_KINDS } from './failures.ts'
export type { PredictedPath, Term } from './terms.ts'

export interface PredictedRto {
  readonly failure: FailureKind
  /** What happens, in a few words. */
  readonly what: string
  /** Null: it does not mend itself. */
  readonly withControllers: PredictedPath | null
  /** Every controller dead: Patroni, the engine and the poolers alone. */
  readonly withoutControllers: PredictedPath | null
}

export const timingsOf = (spec: ClusterSpec): Timings => {
  const { check, pooler, etcd } = PROFILES[spec.profile]
  return { patroni: patroniTimingOf(spec), check, pooler, etcd, edges: spec.edge.replicas }
}

const pathOf = (terms: readonly Term[] | null): PredictedPath | null =>
  terms === null ? null : sumOf(terms)

/** One failure of this cluster. */
export function predictRto(spec: ClusterSpec, failure: FailureKind): PredictedRto {
  const model: FailureModel = FAILURES[failure]
  const timings = timingsOf(spec)
  return {
    failure,
    what: model.what,
    withControllers: pathOf(model.withControllers(timings)),
    withoutControllers: pathOf((model.withoutControllers ?? model.withControllers)(timings)),
  }
}

/** Every failure that the model knows. */
export const predictAll = (spec: ClusterSpec): readonly PredictedRto[] =>
  (Object.keys(FAILURES) as FailureKind[]).map((failure) => predictRto(spec, failure))

export const isFailureKind = (name: string): name is FailureKind => Object.hasOwn(FAILURES, name)

/** How long no write is acknowledged when the primary is stopped in order and nobody holds the clients meanwhile. */
export const predictedPrimaryReplacementMs = (spec: ClusterSpec): number =>
  predictRto(spec, 'switchover').withoutControllers?.typicalMs ?? 0

/** How long writes are held while a planned switchover makes another member the primary. */
export const predictedSwitchoverMs = (spec: ClusterSpec): number =>
  predictRto(spec, 'switchover').withControllers?.typicalMs ?? 0

/** The longest that writes should ever pause while controllers run: the worst of every failure that fails over. */
export const worstFailoverMs = (spec: ClusterSpec): number =>
  Math.max(...predictAll(spec).map(({ withControllers }) => withControllers?.worstMs ?? 0))

export type Comparison = 'faster than predicted' | 'as predicted' | 'slower than predicted'

/** What a drill measured, held against the prediction. */
export function comparePrediction(path: PredictedPath, measuredMs: number): Comparison {
  if (measuredMs > path.worstMs) return 'slower than predicted'
  return measuredMs < path.typicalMs / 2 ? 'faster than predicted' : 'as predicted'
}
