/**
 * diverged-primary-returns: a primary that was cut off commits something that nobody else has (as one may whose
 * wait for standbys was cut short), and comes back after another member took over. It must be rewound: what it
 * alone has must be gone, and nobody may follow it.
 */
import { networkName } from '@neuronha/core/render/compose.ts'
import { quoteLiteral } from '@neuronha/core/render/sql.ts'
import { SCHEMAS } from '@neuronha/core/topology/roles.ts'
import { failedOver } from '../checks.ts'
import { psql } from '../faults/psql.ts'
import { disconnect } from '../faults/network.ts'
import { agentLoad, findPrimary, reconnectSteps, serving } from './parts.ts'
import type { Check, Scenario } from './scenario.ts'

const KEPT_APART_MS = 40_000
const ROWS = 100

const divergedMark = (run: string): string => `${run}-diverged`

/** Commits without waiting for anybody. */
const diverge = (run: string): string =>
  `set synchronous_commit = local;
   insert into ${SCHEMAS.drill}.ledger (id, run)
   select gen_random_uuid(), ${quoteLiteral(divergedMark(run))} from generate_series(1, ${ROWS});`

const isRewound = (member: string, run: string): Check => ({
  what: 'what only the old primary had is gone, there and everywhere',
  judge: async ({ after }) => {
    const primary = after.members.find(({ role }) => role === 'primary')?.name
    for (const name of [member, primary ?? member]) {
      const count = await psql(
        name,
        `select count(*) from ${SCHEMAS.drill}.ledger where run = ${quoteLiteral(divergedMark(run))};`,
      )
      if (count !== '0') return `${name} has ${count} of ${ROWS} rows`
    }
    return null
  },
})

export const divergedPrimaryReturns: Scenario = {
  name: 'diverged-primary-returns',
  group: 'database',
  kind: 'failover',
  does: 'cuts the primary off and commits rows on it that no standby has; another member takes over, and the old primary is rewound when it returns, never followed',
  blastRadius: 'writes hang until a standby has taken over',
  bounds: { rtoMs: 30_000, wholeAgainMs: KEPT_APART_MS + 120_000 },
  load: agentLoad,
  plan: ({ spec, run }, status) => {
    const { name } = findPrimary(status)
    return Promise.resolve({
      target: name,
      what: `${name} is cut off from the network and commits ${ROWS} rows alone`,
      heal: reconnectSteps(spec, name),
      inject: async ({ note }) => {
        await disconnect(name, networkName(spec.name))
        await psql(name, diverge(run))
        note(`${name} has ${ROWS} rows that nobody else has`)
      },
      keepMs: KEPT_APART_MS,
      hasReturned: serving([name]),
      checks: [failedOver, isRewound(name, run)],
    })
  },
}
