/**
 * overload: far more work than the machine can do, for minutes. Everything is slow and nothing is dead: a fence or a
 * failover now would be the worst thing to do.
 */
import { availableParallelism } from 'node:os'
import { PORTS } from '@neuronha/core/topology/ports.ts'
import { PLATFORM_DATABASE, SCHEMAS } from '@neuronha/core/topology/roles.ts'
import { addressesOf, containersOf } from '@neuronha/core/topology/containers.ts'
import { toPlatformError } from '@neuronha/core/errors.ts'
import { noFailover, noFence } from '../checks.ts'
import { psql } from '../faults/psql.ts'
import { clientName, clientOutput, startClient } from '../faults/client-container.ts'
import { agentLoad, findPrimary, serving } from './parts.ts'
import type { Scenario, ScenarioContext, Stage } from './scenario.ts'

const DEFAULT_MINUTES = 3
const CLIENTS = 64
const CHECKPOINT_EVERY_MS = 15_000
/** Rows that the noise writes to again and again, so that it does not fill the disk. */
const ROWS = 5000

const minutesOf = ({ options }: ScenarioContext): number => options.minutes ?? DEFAULT_MINUTES

/** One row written and some read, as fast as it goes. */
const transaction = (run: string): string => `\\set n random(1, ${ROWS})
insert into ${SCHEMAS.drill}.ledger (id, run) values (('00000000-0000-4000-8000-' || lpad(:n::text, 12, '0'))::uuid, '${run}-noise') on conflict (id) do update set written_at = clock_timestamp();
select count(*) from ${SCHEMAS.drill}.ledger where run = '${run}-noise' and written_at > now() - interval '1 second';
`

/** Twice as many busy loops as there are cores, and pgbench beside them; all of it ends in time. */
const script = (seconds: number, cores: number): string => `
i=0
while [ $i -lt ${cores * 2} ]; do timeout ${seconds} sh -c 'while :; do :; done' & i=$((i + 1)); done
timeout ${seconds + 30} pgbench --no-vacuum --client=${CLIENTS} --jobs=2 --time=${seconds} --file=/client/noise.sql --max-tries=0
wait
`

async function checkpointUntil(stage: Stage, name: string, untilMs: number): Promise<void> {
  while (stage.nowMs() < untilMs) {
    // It may well be refused or late: the member is meant to be overloaded.
    await psql(name, 'checkpoint;').catch(toPlatformError)
    await stage.sleep(Math.min(CHECKPOINT_EVERY_MS, Math.max(0, untilMs - stage.nowMs())))
  }
}

export const overload: Scenario = {
  name: 'overload',
  group: 'control',
  kind: 'failover',
  mayShowErrors: true,
  does: `drives the primary with ${CLIENTS} clients of pgbench, checkpoints and busy loops on every core for minutes (--minutes, ${DEFAULT_MINUTES} by default); nothing is fenced and nothing fails over`,
  blastRadius: 'everything is slow, and what else runs on this machine is too',
  bounds: (context) => ({
    rtoMs: 60_000,
    wholeAgainMs: minutesOf(context) * 60_000 + 120_000,
  }),
  load: agentLoad,
  plan: (context, status) => {
    const { spec, secrets, run, workDir } = context
    const { name } = findPrimary(status)
    const seconds = minutesOf(context) * 60
    const members = containersOf(spec, 'member').map((member) => member.name)
    const cores = availableParallelism()
    return Promise.resolve({
      target: name,
      what: `${CLIENTS} clients, checkpoints and ${cores * 2} busy loops for ${seconds} s`,
      heal: [{ kind: 'remove', container: clientName(spec) }],
      inject: async (stage) => {
        await startClient({
          spec,
          secrets,
          workDir,
          script: script(seconds, cores),
          files: { 'noise.sql': transaction(run) },
          hosts: addressesOf(spec, 'router'),
          port: PORTS.routerWrite,
          database: PLATFORM_DATABASE,
          cpus: cores,
        })
        await checkpointUntil(stage, name, stage.nowMs() + seconds * 1000)
        await stage.sleep(2000)
        const speed = /^tps = [\d.]+/m.exec(await clientOutput(spec))?.[0]
        stage.note(speed === undefined ? 'pgbench was cut off' : `pgbench did ${speed}`)
      },
      keepMs: 0,
      hasReturned: serving(members),
      checks: [noFailover, noFence(members)],
    })
  },
}
