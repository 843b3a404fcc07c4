/**
 * store-outage: the store of backups is away while writes go on. WAL waits on the members' disks, users notice nothing, and
 * afterwards the archive has no hole.
 */
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { containersOf } from '@neuronha/core/topology/containers.ts'
import { toPlatformError } from '@neuronha/core/errors.ts'
import { durationMsOf } from '@neuronha/core/spec/quantities.ts'
import { noFailover, noFence } from '../checks.ts'
import { found, needsTrialStore, trialStoreOf, untilSeen } from './backup-parts.ts'
import { agentLoad, serving, startSteps } from './parts.ts'
import type { Scenario, ScenarioContext } from './scenario.ts'

const DEFAULT_MINUTES = 5
/** What waited is archived one segment after the other, while the load goes on. */
const CATCH_UP_MS = 180_000

const holesOf = ({ backups }: ClusterStatus): readonly string[] =>
  (backups.state?.repositories ?? []).flatMap(({ name, gaps }) =>
    gaps.map(({ after, before }) => `in ${name}, between ${after} and ${before}`),
  )

const minutesOf = ({ options }: ScenarioContext): number => options.minutes ?? DEFAULT_MINUTES

export const storeOutage: Scenario = {
  name: 'store-outage',
  group: 'backups',
  kind: 'service',
  needsController: true,
  lacks: needsTrialStore,
  does: `takes the trial store away for minutes (--minutes, ${DEFAULT_MINUTES} by default); WAL waits, nobody notices, and the archive is whole afterwards`,
  blastRadius: 'nothing is archived meanwhile, and the alerts that say so may fire',
  bounds: (context) => ({
    rtoMs: 15_000,
    wholeAgainMs: minutesOf(context) * 60_000 + CATCH_UP_MS + 120_000,
  }),
  load: agentLoad,
  plan: (context, status) => {
    const { spec, containers, runCommand } = context
    const name = trialStoreOf(spec)
    const holesBefore = new Set(holesOf(status))
    const outageMs = minutesOf(context) * 60_000
    const seen = { waited: 0, archive: 'nobody looked' as string | null }
    return Promise.resolve({
      target: name,
      what: `${name} is stopped for ${outageMs / 1000} s`,
      heal: startSteps([name]),
      holds: { containers: [name] },
      inject: async (stage) => {
        await containers.stop([name], 10)
        const untilMs = stage.nowMs() + outageMs
        while (stage.nowMs() < untilMs) {
          const { backups } = await stage.observe()
          seen.waited = Math.max(seen.waited, backups.archive?.waiting ?? 0)
          await stage.sleep(Math.min(5000, Math.max(0, untilMs - stage.nowMs())))
        }
        await containers.start([name])
        stage.note(`${name} is back; ${seen.waited} segments waited`)
        const isEmpty = await untilSeen(
          stage,
          ({ backups }) => backups.archive?.waiting === 0,
          CATCH_UP_MS,
        )
        stage.note(isEmpty ? 'everything that waited is archived' : 'WAL still waits')
        // Waits for a segment of now in every repository, and looks for holes.
        seen.archive = await runCommand(['backup', 'check']).then(
          () => null,
          (thrown: unknown) => toPlatformError(thrown).message,
        )
        const after = await stage.observe()
        const hole = holesOf(after).find((one) => !holesBefore.has(one))
        if (hole !== undefined) seen.archive = `WAL is missing ${hole}`
        if (!isEmpty) seen.archive = `WAL still waits ${CATCH_UP_MS / 1000} s after it is back`
      },
      keepMs: 0,
      hasReturned: serving([name]),
      checks: [
        noFailover,
        noFence(containersOf(spec, 'member').map((member) => member.name)),
        found('WAL waited while the store was away', () =>
          seen.waited > 0 || outageMs < durationMsOf(spec.backup.rpo) ? null : 'none was seen',
        ),
        found('the archive is whole afterwards', () => seen.archive),
      ],
    })
  },
}
