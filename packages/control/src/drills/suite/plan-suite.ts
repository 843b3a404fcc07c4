/** What `drill run` runs, in order: names, forms, repetitions, with and without controllers. Pure. */
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import type { DrillOptions } from '../drill-deps.ts'
import type { Scenario } from '../scenarios/scenario.ts'
import { expandDrills, findScenario, type ChosenDrill } from '../scenarios/scenarios.ts'
import { noService } from '../scenarios/service-load.ts'
import { variantOf } from '../variant.ts'

export interface SuiteEntry {
  /** Tells it from all other entries, and is the same when the same suite is planned again. */
  readonly key: string
  readonly name: string
  readonly options: DrillOptions
}

export interface SuitePlan {
  /** Asked for as `all`: long enough to be resumed. */
  readonly isAll: boolean
  readonly entries: readonly SuiteEntry[]
}

export interface SuiteChoice {
  readonly names: readonly string[]
  readonly options: DrillOptions
  readonly times: number
  readonly compare: boolean
  /** Of the cluster. */
  readonly spec: ClusterSpec
}

/** @throws PlatformError USAGE for any drill that does not exist or lacks what it must be told, before the first one runs. */
export function planSuite({ names, options, times, compare, spec }: SuiteChoice): SuitePlan {
  const modes = compare ? [true, false] : [options.withController ?? true]
  const isAll = names.includes('all')
  // All of them are all of them, whatever else is named.
  const wanted = isAll ? ['all'] : names
  const untold = names.filter(
    (name) =>
      name !== 'all' && findScenario(name).needsService === true && options.service === undefined,
  )
  if (untold.length > 0) throw noService(untold)
  const entries = Array.from({ length: times }, (_, index) => index + 1).flatMap((round) =>
    expandDrills(wanted, options)
      // What destroys the cluster, or cannot be done in it, is refused when asked for by name, and is none of all.
      .filter(({ scenario }) => !isAll || isFor(scenario, spec))
      .flatMap((drill) =>
        modes
          // Asked for by name it is refused with words; as one of many it is left out.
          .filter((mode) => mode || drill.scenario.needsController !== true || !(isAll || compare))
          .map((withController) => entryOf(drill, { options, round, withController })),
      ),
  )
  return { isAll, entries }
}

const isFor = (scenario: Scenario, spec: ClusterSpec): boolean =>
  scenario.destroysCluster !== true && (scenario.lacks?.(spec) ?? null) === null

function entryOf(
  { scenario, options: form }: ChosenDrill,
  {
    options,
    round,
    withController,
  }: { readonly options: DrillOptions; readonly round: number; readonly withController: boolean },
): SuiteEntry {
  const variant = variantOf(scenario.variants === undefined ? {} : form)
  const words = [
    scenario.name,
    ...(variant === '' ? [] : [variant]),
    ...(withController ? [] : ['without controllers']),
    `round ${round}`,
  ]
  return {
    key: words.join(', '),
    name: scenario.name,
    options: { ...options, ...form, withController },
  }
}
