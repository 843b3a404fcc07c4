/** service-kill: one replica of a service dies by SIGKILL with requests in flight. */
import type { LoadTarget } from '@neuronha/core/config/loadgen.ts'
import { assertPresent } from '@neuronha/core/assert-present.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { containersOf, type ServiceComponent } from '@neuronha/core/topology/containers.ts'
import { inspectContainer } from '../../engine/docker.ts'
import { killFirstProcess } from '../engine.ts'
import type { Fault, Scenario, ScenarioContext } from './scenario.ts'

export const serviceKill: Scenario = {
  name: 'service-kill',
  kind: 'service',
  does: 'kills one replica of a service (SIGKILL of its first process) with requests in flight; no client may see an error, and the replica is back within 60 s',
  blastRadius:
    'requests in flight on that replica are retried; its share goes to the other replicas',
  bounds: { rtoMs: 30_000, wholeAgainMs: 60_000 },
  load: (context) => ({ target: targetOf(context), paths: 'http' }),
  chooseFault: async ({ spec, options }): Promise<Fault> => {
    const component = serviceOf(options.service)
    const { name } = assertPresent(containersOf(spec, component)[0], `a replica of ${component}`)
    const before = await inspectContainer(name)
    if (before?.running !== true) {
      throw new PlatformError('REFUSED_FOR_SAFETY', `${name} does not run`)
    }
    return {
      target: name,
      what: `the first process of ${name} is killed (SIGKILL)`,
      heal: [{ kind: 'start', container: name }],
      inject: () => killFirstProcess(name),
      hasReturned: async (status) => {
        const now = await inspectContainer(name)
        const isNew = now?.running === true && now.startedAt !== before.startedAt
        return isNew && status.services.some((part) => part.name === name && part.healthy)
      },
    }
  },
}

function serviceOf(service: ServiceComponent | undefined): ServiceComponent {
  if (service !== undefined) return service
  throw new PlatformError('USAGE', 'service-kill needs to know which service to hit', {
    hint: 'Add --service agent, desktop-api, mcp or console.',
  })
}

function targetOf({ options, secrets }: ScenarioContext): LoadTarget {
  const service = serviceOf(options.service)
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
