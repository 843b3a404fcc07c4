/** Predictions in words: the line of `status`, the column of `drill list`, the table of `plan`. */
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import {
  isFailureKind,
  predictAll,
  predictRto,
  type FailureKind,
  type PredictedPath,
} from './predict-rto.ts'

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

const NEVER = 'not by itself'

const shown = (path: PredictedPath | null): string =>
  path === null ? NEVER : seconds(path.typicalMs)

const IN_ONE_LINE: readonly (readonly [FailureKind, string])[] = [
  ['primary-crash', 'crash'],
  ['primary-host-loss', 'host loss'],
  ['primary-frozen', 'frozen'],
  ['switchover', 'switchover'],
]

/** `crash 1.9 s · host loss 1.4 s · …`: what a person wants to know without asking. */
export const predictedLine = (spec: ClusterSpec): string =>
  IN_ONE_LINE.map(
    ([failure, word]) => `${word} ${shown(predictRto(spec, failure).withControllers)}`,
  ).join(' · ')

/** The cell of one drill, or undefined when the model does not know its failure. */
export const predictedCell = (spec: ClusterSpec, drill: string): string | undefined => {
  if (!isFailureKind(drill)) return undefined
  const { withControllers, withoutControllers } = predictRto(spec, drill)
  const alone = shown(withoutControllers)
  const text = shown(withControllers)
  return alone === text ? text : `${text} (${alone} without controllers)`
}

/** One line per failure, in columns. */
export function predictedTable(spec: ClusterSpec): readonly string[] {
  const rows = predictAll(spec).map(({ failure, withControllers, withoutControllers }) => [
    failure,
    shown(withControllers),
    withControllers === null ? '' : `at most ${seconds(withControllers.worstMs)}`,
    `${shown(withoutControllers)} without controllers`,
  ])
  const widths = [0, 1, 2].map((column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  )
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
}
