/** The load of the drills that hit a service: requests that this very service answers. */
import type { LoadTarget } from '@neuronha/core/config/loadgen.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { SERVICE_COMPONENTS, type ServiceComponent } from '@neuronha/core/topology/containers.ts'
import type { ScenarioContext, ScenarioLoad, ScenarioOptions } from './scenario.ts'

/** One drill for each service. */
export const SERVICE_VARIANTS: readonly ScenarioOptions[] = SERVICE_COMPONENTS.map((service) => ({
  service,
}))

export const noService = (drills: readonly string[]): PlatformError => {
  const who = drills.length === 0 ? 'this drill' : drills.join(' and ')
  return new PlatformError('USAGE', `which service is to be hit by ${who}?`, {
    hint: `Add --service ${SERVICE_COMPONENTS.join(', ')}.`,
  })
}

export function serviceOf({ service }: ScenarioOptions): ServiceComponent {
  if (service === undefined) throw noService([])
  return service
}

export const serviceLoad = (context: ScenarioContext): ScenarioLoad => ({
  target: targetOf(context),
  paths: 'http',
})

function targetOf({ options, secrets }: ScenarioContext): LoadTarget {
  const service = serviceOf(options)
  const apiKey = secrets.apiKeys.drill
  switch (service) {
    case 'agent':
      return { kind: service, apiKey, sessions: 4, readEvery: 10 }
    case 'desktop-api':
      return { kind: service, ...secrets.consoleAdmin }
    case 'mcp':
      return { kind: service, apiKey }
    case 'console':
      return { kind: service }
  }
}
