/** The schedule of drills for people. Pure. */
import type { DrillResult } from '@neuronha/core/contracts/drill-result.ts'
import { count, duration } from '../observe/words.ts'
import { nameOf } from './format-result.ts'

export interface ScheduleView {
  readonly schedule: string
  readonly scenarios: readonly string[]
  /** Why they do not run by themselves; null: they do. */
  readonly off: string | null
  readonly nextAt: string | null
  /** What is being run now; null: nothing. */
  readonly running: {
    readonly by: string
    readonly requestedAt: string
    readonly done: readonly string[]
  } | null
  /** The last run of each of the scenarios, by whomever; those that never ran are not there. */
  readonly last: readonly Pick<
    DrillResult,
    | 'drill'
    | 'variant'
    | 'withController'
    | 'startedAt'
    | 'verdict'
    | 'rtoMs'
    | 'lost'
    | 'clientErrors'
  >[]
}

/** `2026-12-01 03:17 UTC`. */
const timeOf = (iso: string): string => `${iso.slice(0, 16).replace('T', ' ')} UTC`

export function formatSchedule(view: ScheduleView): string {
  const { schedule, scenarios, off, nextAt, running, last } = view
  const names = scenarios.join(', ')
  const head =
    off === null
      ? [
          `Drills run by themselves, ${schedule}: ${names}`,
          `  next  ${nextAt === null ? 'never' : timeOf(nextAt)}`,
        ]
      : [`No drill runs by itself: ${off}.`]
  const now =
    running === null
      ? []
      : [
          `  now   asked for by ${running.by} at ${timeOf(running.requestedAt)}, ${running.done.length} of ${scenarios.length} done`,
        ]
  const lines = scenarios.map((name) => {
    const result = last.find(({ drill }) => drill === name)
    if (result === undefined) return `  ${name}: has not run yet`
    const took = result.rtoMs === null ? '' : `, RTO ${duration(result.rtoMs)}`
    return `  ${nameOf(result)}: ${result.verdict}${took}, ${result.lost} lost, ${count(result.clientErrors, 'client error')} (${timeOf(result.startedAt)})`
  })
  return [...head, ...now, ...lines].join('\n')
}
