/**
 * What the drills that restore a copy beside the cluster share: the copy is one of everything, restored as people do it,
 * compared with the ledger, and taken away again. The cluster itself goes on under load, and must not notice.
 */
import type { LedgerLine } from '@neuronha/core/config/loadgen.ts'
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { assertPresent } from '@neuronha/core/assert-present.ts'
import type { RestoreResult } from '@neuronha/core/contracts/restore.ts'
import { containersOf } from '@neuronha/core/topology/containers.ts'
import type { FoundByPath } from '../build-result.ts'
import { noFailover, noFence } from '../checks.ts'
import { findInDatabase } from '../read-back.ts'
import { assertBackupsAreWell, needsRepository } from './backup-parts.ts'
import { agentLoad } from './parts.ts'
import { missingMs, restoredWrites, type RestoredWrites } from './restored-writes.ts'
import type { Act, Evidence, Scenario, ScenarioContext, Stage } from './scenario.ts'

export interface Moment {
  /** What `restore --to` is told. */
  readonly to: string
  /** The moment that it means, milliseconds since the load began. */
  readonly atMs: number
}

/** The load of the cluster itself goes on beside a second cluster that starts. */
const BESIDE_BOUNDS = { rtoMs: 30_000, wholeAgainMs: 900_000 } as const

export const RESTORED_SHARED = {
  group: 'backups',
  kind: 'restore',
  blastRadius:
    'nothing of the cluster is touched; a second, small one runs beside it for some minutes',
  bounds: BESIDE_BOUNDS,
  load: agentLoad,
  needsController: true,
  lacks: needsRepository,
} as const satisfies Partial<Scenario>

/** The longest name of a cluster is 31. */
const MOST_OF_NAME = 16

/** Of one run alone, so that no cluster of a person has it. */
const nameOfCopy = ({ spec, run }: ScenarioContext): string =>
  `${spec.name.slice(0, MOST_OF_NAME).replace(/-+$/, '')}-drill-${run.split('-').at(-1) ?? ''}`

interface Seen {
  readonly moment: Moment
  readonly usableMs: number
  readonly restored: RestoreResult
  readonly found: FoundByPath
}

export interface RestoreBeside {
  /** Waits under load for what is to be restored. */
  readonly choose: (stage: Stage) => Promise<Moment>
  /** What must hold of the copy, beside that nothing is missing. */
  readonly promises?: readonly CopyPromise[]
}

/** Says what is wrong, or null. */
interface CopyPromise {
  readonly what: string
  readonly problemOf: (writes: RestoredWrites) => string | null
}

const NOTHING_MISSING: CopyPromise = {
  what: 'every write that was acknowledged before the moment is in the copy',
  problemOf: ({ before, missing }) => {
    if (before === 0) return 'there was none'
    return missing === 0 ? null : `${missing} of ${before} are missing`
  },
}

export async function planRestoreBeside(
  context: ScenarioContext,
  status: ClusterStatus,
  { choose, promises = [] }: RestoreBeside,
): Promise<Act> {
  const { spec, copies, workDir, run } = context
  assertBackupsAreWell(status)
  const name = nameOfCopy(context)
  // Before it is written down that a cluster of this name is to be removed.
  await copies.assertNone(name)
  let seen: Seen | undefined
  const compared = (lines: readonly LedgerLine[]): RestoredWrites | undefined =>
    seen && restoredWrites(lines, seen.found, seen.moment.atMs)
  return {
    target: name,
    what: `the database is restored into a cluster beside, ${name}`,
    heal: [{ kind: 'remove-copy', cluster: name }],
    inject: async (stage) => {
      const moment = await choose(stage)
      const file = await copies.draw(name, workDir)
      const startedMs = stage.nowMs()
      await copies.restore(file, moment.to)
      const usableMs = Math.round(stage.nowMs() - startedMs)
      stage.note(`${name} is healthy`)
      const database = await copies.open(name)
      try {
        seen = {
          ...{ moment, usableMs },
          restored: assertPresent(await copies.resultOf(name), 'what the restore said'),
          found: await findInDatabase(database, { run, lines: await stage.ledger() }),
        }
      } finally {
        await database.close()
      }
    },
    keepMs: 0,
    hasReturned: () => true,
    checks: [
      noFailover,
      noFence(containersOf(spec, 'member').map((member) => member.name)),
      ...[NOTHING_MISSING, ...promises].map(({ what, problemOf }) => ({
        what,
        judge: ({ lines }: Pick<Evidence, 'lines'>) => {
          const writes = compared(lines)
          return writes === undefined ? 'nothing was restored' : problemOf(writes)
        },
      })),
    ],
    recovery: ({ lines }) => {
      const writes = compared(lines)
      if (seen === undefined || writes === undefined) return undefined
      const { usableMs, restored, moment } = seen
      return { usableMs, restored, rpoMs: missingMs(writes, moment.atMs) }
    },
  }
}
