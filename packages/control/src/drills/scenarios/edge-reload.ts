/** edge-reload: the front door loads its configuration again under load, as every change of it does. */
import { gapAtMost } from '../checks.ts'
import { signalFirstProcess } from '../faults/processes.ts'
import { agentLoad, firstOf, serving } from './parts.ts'
import type { Scenario } from './scenario.ts'

const RELOADS = 5
const BETWEEN_MS = 1000
/** nginx and HAProxy each have their own word for it. */
const SIGNALS = { nginx: 'SIGHUP', haproxy: 'SIGUSR2' } as const

export const edgeReload: Scenario = {
  name: 'edge-reload',
  group: 'path',
  kind: 'service',
  does: 'reloads an edge five times under load; no request may be lost, and no gap may be longer than 1 s',
  blastRadius: 'nothing, if all is well',
  bounds: { rtoMs: 5000, wholeAgainMs: 60_000 },
  load: agentLoad,
  plan: ({ spec }) => {
    const name = firstOf(spec, 'edge')
    return Promise.resolve({
      target: name,
      what: `${name} reloads ${RELOADS} times`,
      heal: [],
      inject: async ({ sleep }) => {
        for (let reload = 1; reload <= RELOADS; reload += 1) {
          await signalFirstProcess(name, SIGNALS[spec.edge.kind])
          await sleep(BETWEEN_MS)
        }
      },
      hasReturned: serving([name]),
      checks: [gapAtMost('http', 1000)],
    })
  },
}
