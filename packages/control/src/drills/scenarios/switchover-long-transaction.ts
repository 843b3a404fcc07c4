/**
 * switchover-long-transaction: somebody's transaction does not end. A switchover that went on would cut it off, so it
 * must give up, within its deadline and with nothing broken.
 */
import { PORTS } from '@neuronha/core/topology/ports.ts'
import { POOLER_DATABASES } from '@neuronha/core/topology/roles.ts'
import { addressesOf, containersOf } from '@neuronha/core/topology/containers.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { gapAtMost, noFailover, noFence } from '../checks.ts'
import { clientName, startClient } from '../faults/client-container.ts'
import { agentLoad, findPrimary, serving } from './parts.ts'
import type { Scenario } from './scenario.ts'

/** Within the statement's own limit of the drills' role, and longer than the whole attempt. */
const HELD_SECONDS = 25
const BEGUN_MS = 6000
/** PAUSE is given up after 1.5 s. */
const MOST_GAP_MS = 4000

export const switchoverLongTransaction: Scenario = {
  name: 'switchover-long-transaction',
  group: 'planned',
  kind: 'failover',
  does: 'asks for a switchover while a transaction through a pooler stays open; the switchover gives up within its deadline and nothing is broken',
  blastRadius: 'writes wait for at most the deadline of the attempt',
  bounds: { rtoMs: 10_000, wholeAgainMs: 120_000 },
  load: agentLoad,
  plan: ({ spec, secrets, workDir, runCommand }, status) => {
    const { name } = findPrimary(status)
    return Promise.resolve({
      target: name,
      what: 'a switchover is asked for while a transaction stays open',
      heal: [{ kind: 'remove', container: clientName(spec) }],
      prepare: async (stage) => {
        await startClient({
          spec,
          secrets,
          workDir,
          script: `exec psql --no-psqlrc --command='begin; select pg_sleep(${HELD_SECONDS}); commit'\n`,
          hosts: addressesOf(spec, 'pooler').slice(0, 1),
          port: PORTS.pooler,
          database: POOLER_DATABASES.write,
          cpus: 0.5,
        })
        await stage.sleep(BEGUN_MS)
      },
      inject: async ({ note }) => {
        const outcome = await runCommand(['switchover']).then(
          () => 'done' as const,
          () => 'given up' as const,
        )
        note(`the switchover was ${outcome}`)
        if (outcome === 'done')
          throw new PlatformError('DRILL_FAILED', 'the switchover cut off an open transaction')
      },
      keepMs: 0,
      hasReturned: serving([name]),
      checks: [
        noFailover,
        noFence(containersOf(spec, 'member').map((member) => member.name)),
        gapAtMost('http', MOST_GAP_MS),
        gapAtMost('sql', MOST_GAP_MS),
      ],
    })
  },
}
