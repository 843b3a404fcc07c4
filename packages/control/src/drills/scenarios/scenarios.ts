/** Every drill there is. */
import { PlatformError } from '@neuronha/core/errors.ts'
import { SERVICE_COMPONENTS } from '@neuronha/core/topology/containers.ts'
import { primaryCrash } from './primary-crash.ts'
import type { Scenario, ScenarioOptions } from './scenario.ts'
import { serviceKill } from './service-kill.ts'

/** In the order in which `drill list` prints them and `drill run all` runs them. */
export const SCENARIOS: readonly Scenario[] = [primaryCrash, serviceKill]

/** What a user asks for: each name once, `all` as every drill and every service. */
export function expandDrills(
  names: readonly string[],
  options: ScenarioOptions,
): readonly { readonly name: string; readonly options: ScenarioOptions }[] {
  return names.flatMap((name) => {
    if (name !== 'all') return [{ name: findScenario(name).name, options }]
    return SCENARIOS.flatMap((scenario) =>
      scenario === serviceKill
        ? SERVICE_COMPONENTS.map((service) => ({ name: scenario.name, options: { service } }))
        : [{ name: scenario.name, options }],
    )
  })
}

export function findScenario(name: string): Scenario {
  const scenario = SCENARIOS.find((candidate) => candidate.name === name)
  if (scenario !== undefined) return scenario
  throw new PlatformError('USAGE', `there is no drill named ${name}`, {
    hint: `There are: ${SCENARIOS.map((candidate) => candidate.name).join(', ')}.`,
  })
}
